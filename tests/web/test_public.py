"""What everybody sees without signing in."""


def test_the_home_page_opens(client):
    assert client.get("/").status_code == 200


def test_an_unknown_address_says_so(client):
    assert client.get("/nowhere").status_code == 404
