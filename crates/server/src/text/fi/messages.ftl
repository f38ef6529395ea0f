# Viestit, jotka eivät tarvitse omia sanoja. Selkeää ja ystävällistä, enintään 300 merkkiä.

check-contact = Tarkistathan henkilökunnan kanssa, että yhteystietosi ovat ajan tasalla.
found-property = Tavaraasi on löytynyt kirjastosta. Kysy sitä palvelutiskiltä.
email-changed = Sähköpostiosoitteesi on muutettu kirjastossa. Jos et pyytänyt muutosta, kerro siitä heti henkilökunnalle.
