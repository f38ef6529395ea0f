//! Names of patrons: as many families and as many given names as make a search find hundreds, as the commonest names
//! of a large register do.

use kortisto_domain::names::fold;

/// Beginnings of family names.
const BEGINNINGS: [&str; 20] = [
    "Virta",
    "Korho",
    "Niemi",
    "Mäki",
    "Lahti",
    "Koski",
    "Järvi",
    "Hämälä",
    "Rauta",
    "Salo",
    "Heikki",
    "Kallio",
    "Väisä",
    "Pelto",
    "Ranta",
    "Tuomi",
    "Åker",
    "Lehto",
    "Suo",
    "Öhr",
];

/// Their ends.
const ENDS: [&str; 20] = [
    "nen", "la", "mäki", "niemi", "ranta", "lahti", "järvi", "koski", "saari", "kangas", "vaara", "puro",
    "maa", "lampi", "harju", "pää", "aho", "suo", "luoto", "ström",
];

/// Given names.
const GIVEN: [&str; 24] = [
    "Aino", "Eero", "Maija", "Juhani", "Anna", "Matti", "Liisa", "Pekka", "Siiri", "Onni", "Elli", "Väinö",
    "Helmi", "Toivo", "Aada", "Åke", "Siv", "Lars", "André", "Zoë", "Ida", "Otto", "Kerttu", "Yrjö",
];

fn with_folded(names: impl Iterator<Item = String>) -> Vec<(String, String)> {
    names.map(|name| (name.clone(), fold(&name))).collect()
}

/// Every family name with its folded form.
pub(crate) fn families() -> Vec<(String, String)> {
    with_folded(BEGINNINGS.iter().flat_map(|begin| ENDS.iter().map(move |end| format!("{begin}{end}"))))
}

/// Every given name with its folded form.
pub(crate) fn given() -> Vec<(String, String)> {
    with_folded(GIVEN.iter().map(|name| (*name).to_owned()))
}
