# Miksi jokin ei onnistu, ja mikä auttaa. Selkeästi, ystävällisesti, enintään 300 merkkiä.

credentials-not-accepted = Tunnus tai tunnusluku ei kelpaa.
    .remedy = Tarkista kortin numero ja tunnusluku ja yritä uudelleen. Uuden tunnusluvun saat kirjastosta, kun näytät henkilöllisyystodistuksen.
session-ended = Istunto on päättynyt.
    .remedy = Lue kirjastokortti ja anna tunnusluku uudelleen.
resource-unknown = Tämä laite ei ole käytössä.
    .remedy = Kerro asiasta henkilökunnalle.

self-service-right-missing = Sinulla ei vielä ole omatoimioikeutta.
    .remedy = Omatoimioikeuden saat kirjastosta palveluaikana. Ota mukaan kirjastokortti ja henkilöllisyystodistus.
self-service-ban = Sinulla on omatoimikirjaston käyttökielto.
    .remedy = Voit käyttää kirjastoa palveluaikana. Henkilökunta kertoo, milloin kielto päättyy.
category-not-admitted = Tällä kortilla ei pääse omatoimikirjastoon.
    .remedy = Tule palveluaikana tai käytä omaa henkilökohtaista kirjastokorttiasi.
below-age-limit = Et ole vielä tarpeeksi vanha käyttämään tätä yksin.
    .remedy = Tule aikuisen kanssa tai kirjaston palveluaikana.
guardian-consent-missing = Huoltajasi ei ole vielä antanut suostumustaan omatoimikirjaston käyttöön.
    .remedy = Pyydä huoltajaa antamaan suostumus kirjastossa palveluaikana.
birth-date-unknown = Ikääsi ei voitu tarkistaa.
    .remedy = Käy kirjastossa palveluaikana, niin syntymäaikasi lisätään asiakastietoihisi.
card-expired = Kortti on vanhentunut.
    .remedy = Kortin voimassaoloa jatketaan kirjastossa, kun näytät henkilöllisyystodistuksen.
card-not-in-force = Kortti ei ole käytössä.
    .remedy = Käytä uusinta kirjastokorttiasi tai kysy henkilökunnalta.
lending-ban = Sinulla on lainauskielto.
    .remedy = Henkilökunta kertoo, mistä kielto johtuu ja miten se päättyy.
debt-limit = Maksamattomia maksuja on niin paljon, ettei palvelu ole käytettävissä.
    .remedy = Maksa maksut verkkokirjastossa tai kirjastossa, niin palvelu on taas käytettävissäsi.
use-ban = Sinulla on käyttökielto tässä kirjastossa.
    .remedy = Kysy kiellosta kirjastosta puhelimitse tai sähköpostitse.
closed = Kirjasto on nyt suljettu.
    .remedy = Katso aukioloajat ovesta tai kirjaston verkkosivuilta.

loan-limit = Sinulla on jo enimmäismäärä lainoja.
    .remedy = Palauta jokin laina ja yritä uudelleen.
material-limit = Sinulla on jo enimmäismäärä tällaisia lainoja.
    .remedy = Palauta jokin samanlainen laina ja yritä uudelleen.
item-unknown = Nidettä ei löydy.
    .remedy = Lue viivakoodi uudelleen tai vie nide henkilökunnalle.
item-not-for-loan = Tätä nidettä ei lainata.
    .remedy = Voit käyttää nidettä kirjastossa. Henkilökunta auttaa löytämään lainattavan niteen.
item-on-loan = Nide on toisen asiakkaan lainassa.
    .remedy = Vie nide henkilökunnalle tai tee siitä varaus.
item-already-yours = Nide on jo lainassa sinulla.
    .remedy = Sinun ei tarvitse tehdä mitään. Eräpäivän näet lainoistasi.
item-held = Nide on varattu toiselle asiakkaalle.
    .remedy = Jätä nide henkilökunnalle. Voit tehdä siitä oman varauksen.
age-rating = Olet liian nuori lainaamaan tämän.
    .remedy = Katso ikäraja niteestä. Henkilökunta auttaa löytämään sinulle sopivaa.

hold-unknown = Varausta ei löydy.
    .remedy = Tarkista varauksesi verkkokirjastosta tai kysy henkilökunnalta.
hold-not-ready = Varaus ei ole noudettavissa.
    .remedy = Saat ilmoituksen, kun varaus on noudettavissa.
hold-at-other-branch = Varaus odottaa toisessa toimipisteessä.
    .remedy = Noutopaikan näet noutoilmoituksesta ja verkkokirjastosta.
