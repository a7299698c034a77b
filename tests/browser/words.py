"""The visible names that people and manuals rely on, in both languages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """What stands on buttons, tabs and before fields."""

    language: str
    email_addresses: str
    name: str
    add: str
    edit: str
    save: str
    cancel: str
    delete: str
    restore: str
    undo: str
    mailbox: str
    yes: str
    no: str
    password: str
    confirmation: str
    generate: str
    size_limit: str
    recipients: str
    enabled: str
    removed: str
    unknown: str
    journal: str
    account_name: str
    log_in: str
    log_out: str
    # Beyond what is promised by name.
    domain: str
    contact: str
    install: str
    first_address: str
    present_password: str
    new_password: str
    change_password: str
    tick_mailbox: str
    tick_address: str
    one_address: str
    save_unknown: str
    search: str
    rename: str
    new_name: str
    one_mailbox: str
    two_addresses: str


ENGLISH = Words(
    language="en",
    email_addresses="Email addresses",
    name="Name",
    account_name="Name or email address",
    add="Add this address",
    edit="Edit",
    save="Save this address",
    cancel="Cancel",
    delete="Delete",
    restore="Restore",
    undo="Undo",
    mailbox="Mailbox",
    yes="Yes",
    no="No",
    password="Password",
    confirmation="Confirm the password",
    generate="Generate",
    size_limit="Size limit (MB)",
    recipients="Redirect to",
    enabled="Enabled",
    removed="Removed",
    unknown="Unknown addresses",
    journal="Journal",
    log_in="Log in",
    log_out="Log out",
    domain="Domain",
    contact="Contact address",
    install="Install this domain",
    first_address="Add the first address",
    present_password="Present password",
    new_password="New password",
    change_password="Change the password",
    tick_mailbox="Yes, remove the mailbox of contact@bonvenon.fr",
    tick_address="Yes, delete contact@bonvenon.fr",
    one_address="… goes to one address",
    save_unknown="Save",
    search="Search a name or a recipient",
    rename="Rename …",
    new_name="New name",
    one_mailbox="1 mailbox",
    two_addresses="2 addresses",
)
FRENCH = Words(
    language="fr",
    email_addresses="Adresses email",
    name="Nom",
    account_name="Nom ou adresse email",
    add="Ajouter cette adresse email",
    edit="Modifier",
    save="Modifier cette adresse email",
    cancel="Annuler",
    delete="Supprimer",
    restore="Restaurer",
    undo="Rétablir",
    mailbox="Boîte mail",
    yes="Oui",
    no="Non",
    password="Mot de passe",
    confirmation="Confirmer le mot de passe",
    generate="Proposer un mot de passe",
    size_limit="Taille limite (Mo)",
    recipients="Rediriger vers",
    enabled="Adresse active",
    removed="Retirées",
    unknown="Adresses inconnues",
    journal="Journal",
    log_in="Se connecter",
    log_out="Se déconnecter",
    domain="Domaine",
    contact="Adresse de contact",
    install="Installer ce domaine",
    first_address="Ajouter la première adresse",
    present_password="Mot de passe actuel",
    new_password="Nouveau mot de passe",
    change_password="Changer le mot de passe",
    tick_mailbox="Oui, retirer la boîte de contact@bonvenon.fr",
    tick_address="Oui, supprimer contact@bonvenon.fr",
    one_address="… va à une adresse",
    save_unknown="Enregistrer",
    search="Chercher un nom ou un destinataire",
    rename="Renommer…",
    new_name="Nouveau nom",
    one_mailbox="1 boîte mail",
    two_addresses="2 adresses",
)
IN = {"en": ENGLISH, "fr": FRENCH}
