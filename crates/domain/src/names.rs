//! How a name is folded, so that it is found however it was typed, and what of it a screen shows.
//!
//! Lower case, and each letter as a Finnish index files it: å, ä and ö are letters of their own and stay, every
//! other mark over or under a letter goes (é is e, š is s), ü is y, æ is ä, ø is ö. Hyphens separate like blanks,
//! apostrophes join.

/// Letters that a search by the beginning of a name must give at least (no rpc hands out the register).
pub const PREFIX_LETTERS_MIN: usize = 2;

/// The text by which a patron is found: family name, a blank, given names, all folded (A15).
#[must_use]
pub fn search_name(family_name: &str, given_names: &str) -> String {
    fold(&format!("{family_name} {given_names}"))
}

/// The first of the given names, as a screen shows it; empty where there is none.
#[must_use]
pub fn first_given(given_names: &str) -> &str {
    given_names.split_whitespace().next().unwrap_or_default()
}

/// The beginning that a search asks for, folded; none when it has fewer than [`PREFIX_LETTERS_MIN`] letters.
#[must_use]
pub fn search_prefix(typed: &str) -> Option<String> {
    let prefix = fold(typed);
    let letters = prefix.chars().filter(|letter| *letter != ' ').count();
    (letters >= PREFIX_LETTERS_MIN).then_some(prefix)
}

/// Folds a name. What is folded stays as it is when it is folded again.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            // Marks that follow their letter: a keyboard may send ä in two parts.
            '\u{308}' => replace_last(&mut folded, &[('a', 'ä'), ('o', 'ö'), ('u', 'y')]),
            '\u{30a}' => replace_last(&mut folded, &[('a', 'å')]),
            '\u{300}'..='\u{36f}' | '\'' | '’' | '‘' | 'ʼ' | '`' | '´' | '\u{ad}' => {}
            '-' | '\u{2010}'..='\u{2015}' | '_' | '.' | ',' | '/' => push_blank(&mut folded),
            blank if blank.is_whitespace() || blank.is_control() => push_blank(&mut folded),
            letter => push_letter(&mut folded, letter),
        }
    }
    if folded.ends_with(' ') {
        folded.pop();
    }
    folded
}

fn push_blank(folded: &mut String) {
    if !folded.is_empty() && !folded.ends_with(' ') {
        folded.push(' ');
    }
}

fn replace_last(folded: &mut String, pairs: &[(char, char)]) {
    let last = folded.chars().next_back();
    if let Some((_, whole)) = pairs.iter().find(|(part, _)| Some(*part) == last) {
        folded.pop();
        folded.push(*whole);
    }
}

fn push_letter(folded: &mut String, letter: char) {
    let plain = match letter {
        'à' | 'á' | 'â' | 'ã' | 'ā' | 'ă' | 'ą' | 'ǎ' => 'a',
        'æ' | 'ǣ' => 'ä',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' | 'ð' => 'd',
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' | 'ǧ' | 'ǥ' => 'g',
        'ĥ' | 'ħ' | 'ȟ' => 'h',
        'ì' | 'í' | 'î' | 'ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ĵ' => 'j',
        'ķ' | 'ǩ' => 'k',
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' | 'ŋ' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ō' | 'ŏ' => 'o',
        'ø' | 'ő' | 'œ' => 'ö',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ŧ' | 'ț' => 't',
        'ù' | 'ú' | 'û' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ų' => 'u',
        'ŵ' => 'w',
        'ü' | 'ű' | 'ý' | 'ÿ' | 'ŷ' => 'y',
        'ź' | 'ż' | 'ž' | 'ʒ' | 'ǯ' => 'z',
        'ß' => {
            folded.push_str("ss");
            return;
        }
        'þ' => {
            folded.push_str("th");
            return;
        }
        other => other,
    };
    folded.push(plain);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_screen_shows_the_first_given_name() {
        for (names, first) in
            [("Aino Maria", "Aino"), ("Aino-Maria Liisa", "Aino-Maria"), (" Åke", "Åke"), ("", "")]
        {
            assert_eq!(first_given(names), first, "{names:?}");
        }
    }

    #[test]
    fn names_are_folded_as_a_finnish_index_files_them() {
        let table = [
            ("Virtanen", "virtanen"),
            ("VIRTANEN", "virtanen"),
            ("Åkerström", "åkerström"),
            ("Äijälä", "äijälä"),
            ("A\u{308}ija\u{308}la\u{308}", "äijälä"),
            ("A\u{30a}kerstro\u{308}m", "åkerström"),
            ("André", "andre"),
            ("Andre\u{301}", "andre"),
            ("Müller", "myller"),
            ("Mu\u{308}ller", "myller"),
            ("Šapošnikov", "saposnikov"),
            ("Ørsted", "örsted"),
            ("Sæther", "säther"),
            ("O'Connor", "oconnor"),
            ("O’Connor", "oconnor"),
            ("Virtanen-Koski", "virtanen koski"),
            ("Virtanen – Koski", "virtanen koski"),
            ("von  Essen ", "von essen"),
            ("Weiß", "weiss"),
            ("Þórsdóttir", "thorsdottir"),
            ("Иванова", "иванова"),
            ("İpek", "ipek"),
            ("", ""),
            (" - ", ""),
        ];
        for (typed, folded) in table {
            assert_eq!(fold(typed), folded, "{typed:?}");
        }
    }

    #[test]
    fn the_letters_of_the_finnish_alphabet_stay_apart() {
        for (one, other) in [("Hamalainen", "Hämäläinen"), ("Sorensen", "Sörensen"), ("Alund", "Ålund")]
        {
            assert_ne!(fold(one), fold(other));
        }
    }

    #[test]
    fn a_prefix_has_two_letters_and_may_reach_into_the_given_names() {
        for bad in ["", "v", " v ", "'", "é", "- -", "v-"] {
            assert_eq!(search_prefix(bad), None, "{bad:?}");
        }
        for good in ["vi", "Vi", "ém", "v i"] {
            assert!(search_prefix(good).is_some(), "{good:?}");
        }
        let name = search_name("Virtanen", "Aino Maria");
        for found_by in ["VIRT", "virtanen", "Virtanen, Aino", "virtanen a"] {
            assert!(name.starts_with(&search_prefix(found_by).unwrap()), "{found_by:?}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert!(!once.starts_with(' ') && !once.ends_with(' ') && !once.contains("  "));
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn a_beginning_of_a_name_finds_it(name in "[A-Za-zÅÄÖåäöéüøš' -]{2,30}", cut in 0_usize..30) {
            let whole = search_name(&name, "Aino");
            let part: String = name.chars().take(cut).collect();
            if let Some(prefix) = search_prefix(&part) {
                prop_assert!(whole.starts_with(&prefix), "{} {}", whole, prefix);
            }
        }
    }
}
