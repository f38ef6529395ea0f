//! What a mail server means when it does not take a mail: is it the mail, or is it the library that may not send?
//!
//! The code alone does not say: 550 and 554 come for a mailbox that is not there, and just as well for a relay that is
//! closed, at every stage of the exchange. The enhanced code (RFC 3463) does, where the server gives one.

use std::fmt;

/// An enhanced status code (RFC 3463), as `5.1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Enhanced {
    class: u16,
    subject: u16,
    detail: u16,
}

impl Enhanced {
    /// The one with which the text of an answer begins, if it is of the class of the answer (RFC 2034, section 4).
    pub(super) fn of(code: u16, text: &str) -> Option<Self> {
        let word = text.split_whitespace().next()?;
        let mut parts = word.trim_matches(|char: char| !char.is_ascii_digit()).split('.');
        let mut number = || parts.next().filter(|part| part.len() <= 3)?.parse().ok();
        let found = Self { class: number()?, subject: number()?, detail: number()? };
        (parts.next().is_none() && found.class == code / 100).then_some(found)
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// What it means that a mail was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// This mail will never be taken: its mailbox or itself is at fault.
    Mail,
    /// Most likely the same; but a server that lets the library send nothing may say this as well.
    Unclear,
    /// This mail is not taken now; another one may be.
    Later,
    /// Nothing is taken at present: the server, the way to it, or what the library may send there is at fault.
    Closed,
}

/// What an answer means; no code where there was no answer that can be read.
pub(super) fn meaning(code: Option<u16>, enhanced: Option<Enhanced>) -> Meaning {
    let Some(code) = code else { return Meaning::Closed };
    match (code, enhanced.map(|enhanced| (enhanced.subject, enhanced.detail))) {
        (421, _) => Meaning::Closed,
        (400..=499, _) => Meaning::Later,
        // The address of the sender is at fault.
        (_, Some((1, 7 | 8))) => Meaning::Closed,
        // The address, the mailbox, the content; the mail is too big.
        (_, Some((1 | 2 | 6, _) | (3, 4))) => Meaning::Mail,
        // The mail system, the network and the routing, the policy.
        (_, Some((3 | 4 | 7, _))) => Meaning::Closed,
        (501 | 550..=554 | 556, _) => Meaning::Unclear,
        _ => Meaning::Closed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_whether_the_mail_or_the_way_is_at_fault() {
        for (code, text, expected) in [
            (550, "5.1.1 <a@example.fi> no such mailbox", Meaning::Mail),
            (550, "#5.1.1 no such mailbox", Meaning::Mail),
            (550, "5.1.10 no such mailbox here", Meaning::Mail),
            (552, "5.2.2 mailbox full", Meaning::Mail),
            (552, "5.2.3 message too long", Meaning::Mail),
            (552, "5.3.4 message too big", Meaning::Mail),
            (554, "5.6.0 content that nobody reads", Meaning::Mail),
            (550, "5.1.8 bad outbound sender", Meaning::Closed),
            (553, "5.1.7 the sender's address", Meaning::Closed),
            (554, "5.7.1 relay access denied", Meaning::Closed),
            (550, "5.7.60 you may not send as this", Meaning::Closed),
            (550, "5.4.5 daily quota exceeded", Meaning::Closed),
            (554, "5.3.2 not accepting mail", Meaning::Closed),
            (535, "5.7.8 wrong password", Meaning::Closed),
            (530, "authentication required", Meaning::Closed),
            (500, "what?", Meaning::Closed),
            (521, "no mail here", Meaning::Closed),
            (550, "no such user", Meaning::Unclear),
            (551, "user not local", Meaning::Unclear),
            (552, "too much", Meaning::Unclear),
            (553, "not allowed", Meaning::Unclear),
            (554, "transaction failed", Meaning::Unclear),
            (501, "syntax", Meaning::Unclear),
            (556, "domain takes no mail", Meaning::Unclear),
            (554, "5.0.0 no", Meaning::Unclear),
            // Of another class than the answer, or no code at all.
            (550, "4.7.1 come back", Meaning::Unclear),
            (550, "5.7 no", Meaning::Unclear),
            (550, "5.7.1.2 no", Meaning::Unclear),
            (550, "", Meaning::Unclear),
            (451, "4.7.1 come back", Meaning::Later),
            (450, "4.3.0 later", Meaning::Later),
            (421, "4.3.2 shutting down", Meaning::Closed),
        ] {
            assert_eq!(meaning(Some(code), Enhanced::of(code, text)), expected, "{code} {text}");
        }
        assert_eq!(meaning(None, None), Meaning::Closed);
        assert_eq!(Enhanced::of(550, "5.7.60 no").unwrap().to_string(), "5.7.60");
    }
}
