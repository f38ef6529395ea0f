# Raderna på dörrens skärm. Högst 80 tecken; även andra kan se dem.

screen-granted = Välkommen!
screen-credentials-not-accepted = Kortnumret eller PIN-koden stämmer inte.
screen-card-expired = Kortet har gått ut. Förnya det på biblioteket under servicetid.
screen-closed = Biblioteket är stängt just nu.
screen-refused = Dörren öppnas inte. Kontakta biblioteket under servicetid.
