//! The engine of the texts: what a template may say, and what becomes of it.
//!
//! A template is a text with placeholders, Jinja's `{{ name }}`, `{% if %}` and `{% for %}`. It reaches no file, no
//! other template and nothing but the values given to it; a placeholder without a value is an error and never an
//! empty place.

use super::wording::Wording;
use kortisto_domain::{
    NoticeChannel,
    items::LABEL_CHARS_MAX,
    notices::text::{LINES_MAX, SUBJECT_CHARS_MAX, TEMPLATE_CHARS_MAX, chars_max, shortened},
};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Serde};
use std::sync::LazyLock;

/// Steps of the engine for one text at most: a loop over the longest notice takes a tenth of it.
const FUEL: u64 = 50_000;

/// A text before its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    /// The subject; empty where the channel has none.
    pub(crate) subject: String,
    /// The text.
    pub(crate) body: String,
}

/// A text in its words. Personal data: it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    /// The subject, one line.
    pub(crate) subject: String,
    /// The text.
    pub(crate) body: String,
}

/// What stands against a template, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateFault {
    /// `subject` or `body`.
    pub(crate) field: &'static str,
    /// What would be right. It holds nothing of the values.
    pub(crate) right: String,
}

static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = Environment::empty();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    engine.set_fuel(Some(FUEL));
    let lines = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    engine.set_syntax(lines.expect("the usual delimiters"));
    engine
});

impl Template {
    /// Puts the values in. A subject that is too long is shortened: no long title in it keeps a notice back.
    ///
    /// # Errors
    /// [`TemplateFault`] of the first part that makes no text, or of a body that is too long for the channel.
    pub(crate) fn render(&self, channel: NoticeChannel, values: &Wording) -> Result<Rendered, TemplateFault> {
        let Rendered { subject, body } = self.words(values)?;
        bounded("body", &body, chars_max(channel))?;
        if body.is_empty() {
            return Err(TemplateFault { field: "body", right: "a text that is not empty".to_owned() });
        }
        Ok(Rendered { subject: shortened(&subject, SUBJECT_CHARS_MAX), body })
    }

    /// The words, however many.
    fn words(&self, values: &Wording) -> Result<Rendered, TemplateFault> {
        let subject = rendered("subject", &self.subject, values)?;
        // A label of several lines must not end the head of an e-mail.
        let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        let body = rendered("body", &self.body, values)?.trim().to_owned();
        Ok(Rendered { subject, body })
    }

    /// Looks at a template before it is put in force: it is rendered with every sample of its kind, and with the longest
    /// values. Those may make its subject too long, which is shortened then, but not its body.
    ///
    /// # Errors
    /// [`TemplateFault`], the first.
    pub(crate) fn check(
        &self,
        channel: NoticeChannel,
        samples: &[Wording],
        longest: &[Wording],
    ) -> Result<(), TemplateFault> {
        if channel == NoticeChannel::Sms && !self.subject.is_empty() {
            return Err(TemplateFault {
                field: "subject",
                right: "empty: text messages have none".to_owned(),
            });
        }
        if channel != NoticeChannel::Sms && self.subject.trim().is_empty() {
            return Err(TemplateFault { field: "subject", right: "a subject".to_owned() });
        }
        bounded("subject", &self.subject, SUBJECT_CHARS_MAX)?;
        bounded("body", &self.body, TEMPLATE_CHARS_MAX)?;
        for (field, source) in [("subject", &self.subject), ("body", &self.body)] {
            known(field, source, samples)?;
        }
        for sample in samples {
            bounded("subject", &self.words(sample)?.subject, SUBJECT_CHARS_MAX)?;
            self.render(channel, sample)?;
        }
        longest.iter().try_for_each(|sample| match self.render(channel, sample) {
            Ok(_) => Ok(()),
            Err(TemplateFault { field, right }) => {
                let right = format!(
                    "{right}, with titles of {LABEL_CHARS_MAX} characters and {LINES_MAX} lines; \
                     {{{{ title[:40] }}}} and lines[:3] are shorter"
                );
                Err(TemplateFault { field, right })
            }
        })
    }
}

/// Also what stands in a branch that no sample takes must be known.
fn known(field: &'static str, source: &str, samples: &[Wording]) -> Result<(), TemplateFault> {
    let template = ENGINE.template_from_str(source).map_err(|error| unreadable(field, &error))?;
    let names = samples.first().map(Wording::names).unwrap_or_default();
    let mut unknown: Vec<_> =
        template.undeclared_variables(false).into_iter().filter(|name| !names.contains(name)).collect();
    unknown.sort_unstable();
    match unknown.first() {
        None => Ok(()),
        Some(name) => {
            let right = format!("placeholders of this kind of notice: {}; not {name}", names.join(", "));
            Err(TemplateFault { field, right })
        }
    }
}

fn rendered(field: &'static str, source: &str, values: &Wording) -> Result<String, TemplateFault> {
    ENGINE.render_str(source, Serde(values)).map_err(|error| unreadable(field, &error))
}

/// The kind and the line only: the detail may hold values.
fn unreadable(field: &'static str, error: &minijinja::Error) -> TemplateFault {
    let line = error.line().unwrap_or(1);
    TemplateFault { field, right: format!("a template that can be read; line {line}: {}", error.kind()) }
}

fn bounded(field: &'static str, text: &str, most: usize) -> Result<(), TemplateFault> {
    let chars = text.chars().count();
    if chars <= most {
        return Ok(());
    }
    Err(TemplateFault { field, right: format!("at most {most} characters, not {chars}") })
}
