//! A record of MARC 21, whichever way it was written.

/// Fields of one record at most.
pub(super) const FIELDS_MAX: usize = 5_000;

/// Subfields of one field at most.
pub(super) const SUBFIELDS_MAX: usize = 1_000;

/// A record.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(super) leader: String,
    pub(super) fields: Vec<Field>,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(super) tag: String,
    pub(super) body: Body,
}

/// What a field has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// Text at fixed places, in fields 001 to 009.
    Control(String),
    /// Subfields by their codes.
    Data(Vec<(char, String)>),
}

impl Record {
    /// The text of the first control field with this tag; empty where there is none.
    pub(crate) fn control(&self, tag: &str) -> &str {
        let found = self.fields.iter().filter(|field| field.tag == tag).find_map(Field::text);
        found.unwrap_or_default()
    }

    /// The data fields with one of these tags.
    pub(crate) fn data(&self, tags: &'static [&'static str]) -> impl Iterator<Item = &Field> {
        let is_data = |field: &&Field| matches!(field.body, Body::Data(_));
        self.fields.iter().filter(|field| tags.contains(&field.tag.as_str())).filter(is_data)
    }

    /// The first text of a subfield of the fields with these tags; empty where there is none.
    pub(crate) fn first(&self, tags: &'static [&'static str], code: char) -> &str {
        self.data(tags).find_map(|field| field.subfield(code)).unwrap_or_default()
    }
}

impl Field {
    /// The text of a control field.
    fn text(&self) -> Option<&str> {
        match &self.body {
            Body::Control(text) => Some(text),
            Body::Data(_) => None,
        }
    }

    /// The text of the first subfield with this code, if it has any.
    pub(crate) fn subfield(&self, code: char) -> Option<&str> {
        self.subfields(code).next()
    }

    /// The texts of the subfields with this code.
    pub(crate) fn subfields(&self, code: char) -> impl Iterator<Item = &str> {
        let subfields = match &self.body {
            Body::Control(_) => &[][..],
            Body::Data(subfields) => subfields.as_slice(),
        };
        subfields.iter().filter(move |(own, _)| *own == code).map(|(_, text)| text.trim())
    }
}
