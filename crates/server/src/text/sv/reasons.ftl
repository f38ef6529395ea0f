# Varför något inte går och vad som hjälper. Klart, vänligt, högst 300 tecken.

credentials-not-accepted = Kortnumret eller PIN-koden stämmer inte.
    .remedy = Kontrollera kortnumret och PIN-koden och försök igen. En ny PIN-kod får du på biblioteket när du visar en identitetshandling.
session-ended = Sessionen har avslutats.
    .remedy = Läs in bibliotekskortet och ange PIN-koden på nytt.
resource-unknown = Den här apparaten är inte i bruk.
    .remedy = Berätta för personalen.

self-service-right-missing = Du har ännu inte rätt att använda meröppet bibliotek.
    .remedy = Du får rätten på biblioteket under servicetid. Ta med ditt bibliotekskort och en identitetshandling.
self-service-ban = Du har förbud att använda meröppet bibliotek.
    .remedy = Du kan använda biblioteket under servicetid. Personalen berättar när förbudet upphör.
category-not-admitted = Det här kortet ger inte tillträde till meröppet bibliotek.
    .remedy = Kom under servicetid eller använd ditt eget personliga bibliotekskort.
below-age-limit = Du är ännu inte gammal nog att använda det här på egen hand.
    .remedy = Kom tillsammans med en vuxen eller under bibliotekets servicetid.
guardian-consent-missing = Din vårdnadshavare har ännu inte gett sitt samtycke till att du använder meröppet bibliotek.
    .remedy = Be din vårdnadshavare ge sitt samtycke på biblioteket under servicetid.
birth-date-unknown = Din ålder kunde inte kontrolleras.
    .remedy = Besök biblioteket under servicetid så läggs ditt födelsedatum till i dina kunduppgifter.
card-expired = Kortet har gått ut.
    .remedy = Kortet förlängs på biblioteket när du visar en identitetshandling.
card-not-in-force = Kortet är inte i bruk.
    .remedy = Använd ditt nyaste bibliotekskort eller fråga personalen.
lending-ban = Du har låneförbud.
    .remedy = Personalen berättar varför och hur förbudet upphör.
debt-limit = Du har så mycket obetalda avgifter att tjänsten inte kan användas.
    .remedy = Betala avgifterna i webbiblioteket eller på biblioteket, så kan du använda tjänsten igen.
use-ban = Du har förbud att använda det här biblioteket.
    .remedy = Fråga biblioteket om förbudet per telefon eller e-post.
closed = Biblioteket är stängt just nu.
    .remedy = Se öppettiderna på dörren eller på bibliotekets webbplats.

loan-limit = Du har redan det högsta antalet lån.
    .remedy = Återlämna ett lån och försök igen.
material-limit = Du har redan det högsta antalet lån av det här slaget.
    .remedy = Återlämna ett liknande lån och försök igen.
item-unknown = Exemplaret hittas inte.
    .remedy = Läs in streckkoden på nytt eller lämna exemplaret till personalen.
item-not-for-loan = Det här exemplaret lånas inte ut.
    .remedy = Du kan använda exemplaret på biblioteket. Personalen hjälper dig att hitta ett som lånas ut.
item-on-loan = Exemplaret är utlånat till en annan kund.
    .remedy = Lämna exemplaret till personalen eller reservera det.
item-already-yours = Du har redan lånat det här exemplaret.
    .remedy = Du behöver inte göra något. Förfallodagen ser du bland dina lån.
item-held = Exemplaret är reserverat för en annan kund.
    .remedy = Lämna exemplaret till personalen. Du kan göra en egen reservation.
age-rating = Du är för ung för att låna det här.
    .remedy = Se åldersgränsen på exemplaret. Personalen hjälper dig att hitta något som passar.

hold-unknown = Reservationen hittas inte.
    .remedy = Kontrollera dina reservationer i webbiblioteket eller fråga personalen.
hold-not-ready = Reservationen kan inte hämtas.
    .remedy = Du får ett meddelande när reservationen kan hämtas.
hold-at-other-branch = Reservationen väntar på ett annat verksamhetsställe.
    .remedy = Hämtstället ser du i avhämtningsmeddelandet och i webbiblioteket.
