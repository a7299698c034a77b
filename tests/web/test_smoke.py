def test_x(browser, contact):
    r = browser.get("/")
    print(r.status, r.words())
    r = browser.submit("/domains/bonvenon.fr/", "#add-address", {"local_part": " Info "})
    print(r.status, r.url, r.emails()); print(r.text)
    print(browser.get('/domains/').words())
    for u in ['/domains/bonvenon.fr/about','/domains/bonvenon.fr/unknown','/domains/bonvenon.fr/removed/','/domains/bonvenon.fr/journal','/addresses/contact@bonvenon.fr/edit','/addresses/contact@bonvenon.fr/journal','/password','/nix']:
        r=browser.get(u); print(u,r.status, r.words('main'))
    assert 0
