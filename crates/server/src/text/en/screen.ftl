# The lines of a door's screen. At most 80 characters; others may see them too.

screen-granted = Welcome!
screen-credentials-not-accepted = The card number or the PIN is not right.
screen-card-expired = Your card has expired. Renew it at the library during staffed hours.
screen-closed = The library is closed now.
screen-refused = The door stays closed. Please contact the library during staffed hours.
