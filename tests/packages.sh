#!/bin/sh
# Installs the Debian packages that the tests need, without starting or configuring any service.
# Without root it names what is missing and ends with status 1: nothing is skipped.
set -eu

PACKAGES="postfix postfix-sqlite dovecot-imapd dovecot-pop3d dovecot-lmtpd dovecot-sqlite dovecot-sieve postsrsd
    chromium fonts-dejavu-core debootstrap curl iproute2 openssl procps systemd nginx-light caddy unzip"

missing=""
for package in $PACKAGES; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done

if [ "$(id -u)" -ne 0 ]; then
    echo "The tests with Postfix and Dovecot need root: run 'sudo make test'.${missing:+ Missing packages:$missing}" >&2
    exit 1
fi
[ -n "$missing" ] || exit 0

# invoke-rc.d asks this file whether it may start a service; 101 is no.
if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing
