//! Records as ISO 2709 exchanges them: a leader of 24 bytes, a directory, fields, each with its terminator.
//!
//! Only what MARC 21 writes is read: two indicators, subfield codes of one character, entries of 12 bytes, UTF-8.

use super::{
    BadRecord,
    record::{Body, FIELDS_MAX, Field, Record, SUBFIELDS_MAX},
};
use std::io::{self, Read};

/// Bytes of a leader.
const LEADER_BYTES: usize = 24;

/// Bytes of an entry of the directory: tag, length of the field, its start.
const ENTRY_BYTES: usize = 12;

/// Bytes of the length of a record, with which it begins: no record is longer than 99 999 bytes.
const LENGTH_BYTES: usize = 5;

/// Ends a field and the directory.
const FIELD_END: u8 = 0x1e;

/// Ends a record.
const RECORD_END: u8 = 0x1d;

/// Begins a subfield.
const SUBFIELD: char = '\u{1f}';

/// The next record; none at the end of the file. Line breaks between records, which some programs write, are passed
/// over. One that has no length, or within which the file ends, is [`BadRecord::Lost`].
///
/// # Errors
/// When the file cannot be read.
pub(super) fn next(reader: &mut impl Read) -> io::Result<Option<Result<Record, BadRecord>>> {
    let mut bytes = Vec::with_capacity(LENGTH_BYTES);
    loop {
        if reader.by_ref().take(1).read_to_end(&mut bytes)? == 0 {
            return Ok(None);
        }
        if !matches!(bytes[0], b'\n' | b'\r') {
            break;
        }
        bytes.clear();
    }
    reader.by_ref().take(LENGTH_BYTES as u64 - 1).read_to_end(&mut bytes)?;
    let Some(length) = number(&bytes).filter(|length| bytes.len() == LENGTH_BYTES && *length > LEADER_BYTES)
    else {
        return Ok(Some(Err(BadRecord::Lost("a record begins with its length, 5 digits"))));
    };
    reader.by_ref().take((length - LENGTH_BYTES) as u64).read_to_end(&mut bytes)?;
    if bytes.len() != length {
        return Ok(Some(Err(BadRecord::Lost("the file ends within the record"))));
    }
    Ok(Some(parse(&bytes)))
}

/// A number in digits.
fn number(digits: &[u8]) -> Option<usize> {
    let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    all.then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}

/// Reads a whole record. Behind one that is broken in itself the next one can be read.
fn parse(bytes: &[u8]) -> Result<Record, BadRecord> {
    const BROKEN: BadRecord = BadRecord::Skipped("the record is not laid out as ISO 2709 says");
    let leader = bytes.get(..LEADER_BYTES).ok_or(BROKEN)?;
    if leader[9] != b'a' {
        return Err(BadRecord::Skipped("the record is not in UTF-8: its leader has no a at 09"));
    }
    if bytes.last() != Some(&RECORD_END) {
        return Err(BROKEN);
    }
    let leader = std::str::from_utf8(leader).map_err(|_| BROKEN)?.to_owned();
    let base = leader.get(12..17).and_then(|digits| number(digits.as_bytes())).ok_or(BROKEN)?;
    let end = base.checked_sub(1).filter(|end| bytes.get(*end) == Some(&FIELD_END)).ok_or(BROKEN)?;
    let directory = bytes.get(LEADER_BYTES..end).ok_or(BROKEN)?;
    if !directory.len().is_multiple_of(ENTRY_BYTES) {
        return Err(BROKEN);
    }
    if directory.len() / ENTRY_BYTES > FIELDS_MAX {
        return Err(BadRecord::Skipped("the record has more than 5000 fields"));
    }
    let data = bytes.get(base..).ok_or(BROKEN)?;
    let fields = directory.chunks_exact(ENTRY_BYTES).map(|entry| field(entry, data).ok_or(BROKEN)?);
    Ok(Record { leader, fields: fields.collect::<Result<_, _>>()? })
}

/// The field of an entry; none where the entry leads out of the record.
fn field(entry: &[u8], data: &[u8]) -> Option<Result<Field, BadRecord>> {
    let (length, start) = (number(&entry[3..7])?, number(&entry[7..12])?);
    let whole = data.get(start..start.checked_add(length)?)?;
    let text = whole.strip_suffix(&[FIELD_END])?;
    let tag = std::str::from_utf8(&entry[..3]).ok()?.to_owned();
    let Ok(text) = std::str::from_utf8(text) else {
        return Some(Err(BadRecord::Skipped("a field is not UTF-8")));
    };
    if tag.starts_with("00") {
        return Some(Ok(Field { tag, body: Body::Control(text.to_owned()) }));
    }
    // Before the first mark stand the indicators, which nothing here asks for.
    let subfields = text.split(SUBFIELD).skip(1);
    let of_mark = |part: &str| {
        let code = part.chars().next()?;
        Some((code, part[code.len_utf8()..].to_owned()))
    };
    let body: Vec<_> = subfields.filter_map(of_mark).take(SUBFIELDS_MAX + 1).collect();
    if body.len() > SUBFIELDS_MAX {
        return Some(Err(BadRecord::Skipped("a field has more than 1000 subfields")));
    }
    Some(Ok(Field { tag, body: Body::Data(body) }))
}
