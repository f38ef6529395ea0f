# Oven näytön rivit. Enintään 80 merkkiä; muutkin voivat nähdä ne.

screen-granted = Tervetuloa!
screen-credentials-not-accepted = Tunnus tai tunnusluku ei kelpaa.
screen-card-expired = Kortti on vanhentunut. Jatka sen voimassaoloa kirjastossa palveluaikana.
screen-closed = Kirjasto on nyt suljettu.
screen-refused = Ovi ei aukea. Ota yhteyttä kirjastoon palveluaikana.
