//! Records as MARCXML: `record` elements with `leader`, `controlfield`, `datafield` and `subfield`, in any namespace
//! and under any element around them.

use super::{
    BadRecord,
    record::{Body, FIELDS_MAX, Field, Record, SUBFIELDS_MAX},
};
use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesStart, Event},
};
use std::io::{self, BufRead};

/// Reads records one after the other. Whoever gives the reader bounds how much one record may take.
pub(super) struct XmlRecords<R> {
    reader: Reader<R>,
    buffer: Vec<u8>,
}

/// Where the text goes that comes next.
enum Target {
    Nothing,
    Leader,
    Control,
    Subfield,
}

impl<R: BufRead> XmlRecords<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader: Reader::from_reader(reader), buffer: Vec::new() }
    }

    /// The next record; none at the end of the file. Where the file is no XML, it is [`BadRecord::Lost`].
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<Record, BadRecord>>> {
        const BROKEN: BadRecord = BadRecord::Lost("the file is not well-formed XML in UTF-8");
        let mut record = None;
        let mut into = Target::Nothing;
        loop {
            self.buffer.clear();
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(error)) => return Err(error.kind().into()),
                Err(_) => return Ok(Some(Err(BROKEN))),
            };
            match event {
                Event::Start(start) => match begin(&start, &mut record) {
                    Ok(next) => into = next,
                    Err(bad) => return Ok(Some(Err(bad))),
                },
                Event::End(end) => {
                    into = Target::Nothing;
                    if end.local_name().as_ref() == "record"
                        && let Some(record) = record
                    {
                        return Ok(Some(Ok(record)));
                    }
                }
                Event::Text(text) => add(&mut record, &into, &text.xml10_content()),
                Event::CData(text) => add(&mut record, &into, &text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let letter = match reference.resolve_char_ref() {
                        Ok(Some(letter)) => letter.to_string(),
                        Ok(None) => match resolve_predefined_entity(&reference) {
                            Some(text) => text.to_owned(),
                            None => return Ok(Some(Err(BROKEN))),
                        },
                        Err(_) => return Ok(Some(Err(BROKEN))),
                    };
                    add(&mut record, &into, &letter);
                }
                // A type could define entities that grow without end.
                Event::DocType(_) => return Ok(Some(Err(BadRecord::Lost("the file has a document type")))),
                Event::Eof if record.is_none() => return Ok(None),
                Event::Eof => return Ok(Some(Err(BadRecord::Lost("the file ends within the record")))),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }
}

/// An element begins: where its text goes.
fn begin(start: &BytesStart<'_>, record: &mut Option<Record>) -> Result<Target, BadRecord> {
    let name = start.local_name();
    if name.as_ref() == "record" {
        *record = Some(Record::default());
        return Ok(Target::Nothing);
    }
    let Some(record) = record else { return Ok(Target::Nothing) };
    match name.as_ref() {
        "leader" => Ok(Target::Leader),
        "controlfield" => {
            push(record, start, Body::Control(String::new()))?;
            Ok(Target::Control)
        }
        "datafield" => {
            push(record, start, Body::Data(Vec::new()))?;
            Ok(Target::Nothing)
        }
        "subfield" => {
            let Some(Field { body: Body::Data(subfields), .. }) = record.fields.last_mut() else {
                return Err(BadRecord::Lost("a subfield stands outside of a datafield"));
            };
            if subfields.len() >= SUBFIELDS_MAX {
                return Err(BadRecord::Lost("a field has more than 1000 subfields"));
            }
            let code = attribute(start, "code")?.chars().next().unwrap_or(' ');
            subfields.push((code, String::new()));
            Ok(Target::Subfield)
        }
        _ => Ok(Target::Nothing),
    }
}

fn push(record: &mut Record, start: &BytesStart<'_>, body: Body) -> Result<(), BadRecord> {
    if record.fields.len() >= FIELDS_MAX {
        return Err(BadRecord::Lost("the record has more than 5000 fields"));
    }
    record.fields.push(Field { tag: attribute(start, "tag")?, body });
    Ok(())
}

/// An attribute; empty where it is not there.
fn attribute(start: &BytesStart<'_>, name: &str) -> Result<String, BadRecord> {
    const BAD: BadRecord = BadRecord::Lost("an attribute cannot be read");
    let Some(found) = start.try_get_attribute(name).map_err(|_| BAD)? else { return Ok(String::new()) };
    Ok(found.normalized_value(XmlVersion::Implicit1_0).map_err(|_| BAD)?.into_owned())
}

fn add(record: &mut Option<Record>, into: &Target, text: &str) {
    let Some(record) = record else { return };
    match (into, record.fields.last_mut().map(|field| &mut field.body)) {
        (Target::Leader, _) => record.leader.push_str(text),
        (Target::Control, Some(Body::Control(own))) => own.push_str(text),
        (Target::Subfield, Some(Body::Data(subfields))) => {
            if let Some((_, own)) = subfields.last_mut() {
                own.push_str(text);
            }
        }
        _ => {}
    }
}
