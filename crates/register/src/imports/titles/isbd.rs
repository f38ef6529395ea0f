//! Takes the punctuation of ISBD off MARC fields: each field ends with the mark that stands before the next.

/// Marks at the end of a field that belong to the description and not to the words.
const MARKS: [char; 5] = ['/', ':', ';', '=', ','];

/// The words of a field, and the mark that it ended with.
pub(super) fn strip(field: &str) -> (&str, Option<char>) {
    let mut text = field.trim();
    let mut mark = None;
    while let Some(rest) = text.strip_suffix(MARKS) {
        mark = mark.or_else(|| text.chars().next_back());
        text = rest.trim_end();
    }
    (without_full_stop(text), mark)
}

/// Without the full stop of the description. One of an initial or of an ellipsis stays.
fn without_full_stop(text: &str) -> &str {
    let Some(rest) = text.strip_suffix('.') else { return text };
    let last_word = rest.rsplit([' ', '.', '-']).next().unwrap_or_default();
    let of_initial = last_word.chars().count() == 1 && last_word.chars().all(char::is_uppercase);
    if of_initial || last_word.is_empty() { text } else { rest.trim_end() }
}

/// `Author: Title : remainder`, at most `chars_max` characters, cut between words.
pub(super) fn label(author: &str, title: &str, remainder: &str, chars_max: usize) -> String {
    let (author, _) = strip(author);
    let (title, mark) = strip(title);
    let (remainder, _) = strip(remainder);
    let mut label = String::new();
    if !author.is_empty() {
        label.push_str(author);
        label.push_str(": ");
    }
    label.push_str(title);
    if !remainder.is_empty() {
        if !title.is_empty() {
            label.push_str(match mark {
                Some('=') => " = ",
                Some(';') => " ; ",
                _ => " : ",
            });
        }
        label.push_str(remainder);
    }
    let label = label.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&label, chars_max)
}

/// Cuts between words, or within the one word that is longer than all.
fn cut(text: &str, chars_max: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(chars_max) else { return text.to_owned() };
    // The ellipsis takes the place of one character.
    let room = text[..end].char_indices().next_back().map_or(0, |(index, _)| index);
    let whole = if text[room..].starts_with(' ') { room } else { text[..room].rfind(' ').unwrap_or(room) };
    let kept = text[..whole].trim_end_matches(|c: char| c == ' ' || MARKS.contains(&c));
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marks_of_the_description_go_and_those_of_the_words_stay() {
        let table = [
            ("Kalastus järvellä /", "Kalastus järvellä"),
            ("Kalastus järvellä :", "Kalastus järvellä"),
            ("Kalastus järvellä", "Kalastus järvellä"),
            ("opas nuorille.", "opas nuorille"),
            ("Virta, A. B.", "Virta, A. B."),
            ("Virta, Aino,", "Virta, Aino"),
            ("Virta, A.-B.,", "Virta, A.-B."),
            ("von Virta, Aino.", "von Virta, Aino"),
            ("Ja sitten...", "Ja sitten..."),
            ("Mitä nyt? :", "Mitä nyt?"),
            ("\"Suuri virta\" /", "\"Suuri virta\""),
            ("[Kartta] =", "[Kartta]"),
            (" , / ", ""),
            ("", ""),
        ];
        for (field, words) in table {
            assert_eq!(strip(field).0, words, "{field:?}");
        }
    }

    #[test]
    fn a_label_joins_what_there_is() {
        let table = [
            (("Virta, Aino,", "Järvi :", "kertomus /"), "Virta, Aino: Järvi : kertomus"),
            (("", "Raportti 1995 =", "Rapport 1995 /"), "Raportti 1995 = Rapport 1995"),
            (("", "Joki ;", "Meri."), "Joki ; Meri"),
            (("", "Joki /", ""), "Joki"),
            (("", "", "kertomus."), "kertomus"),
            (("Virta", "", ""), "Virta:"),
        ];
        for ((author, title, remainder), expected) in table {
            assert_eq!(label(author, title, remainder, 200), expected);
        }
    }

    #[test]
    fn a_long_label_is_cut_between_words() {
        assert_eq!(cut("yksi kaksi kolme", 16), "yksi kaksi kolme");
        assert_eq!(cut("yksi kaksi kolme", 15), "yksi kaksi…");
        assert_eq!(cut("yksi kaksi kolme", 11), "yksi kaksi…");
        assert_eq!(cut("yksi kaksi kolme", 10), "yksi…");
        assert_eq!(cut("yksi : kaksi", 7), "yksi…");
        assert_eq!(cut("ääääääää", 4), "äää…");
    }

    proptest! {
        #[test]
        fn a_label_is_bounded_and_has_no_blanks_at_its_ends(
            author in "\\PC{0,40}", title in "\\PC{0,200}", remainder in "\\PC{0,200}", chars_max in 2_usize..250
        ) {
            let label = label(&author, &title, &remainder, chars_max);
            prop_assert!(label.chars().count() <= chars_max);
            prop_assert_eq!(label.trim(), &label);
        }
    }
}
