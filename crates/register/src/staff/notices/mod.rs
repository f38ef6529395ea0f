//! The texts of notices, and what became of each notice, as staff see and set them (A57 to A61).

mod list;
mod list_templates;
mod preview;
mod put_template;
mod remove_template;
mod retry;
mod templates;

pub use list::{ListNotices, NoticeRecord};
pub use list_templates::{ListTemplates, ListedTemplate};
pub use preview::{Preview, PreviewNotice, PreviewedNotice};
pub use put_template::PutTemplate;
pub use remove_template::RemoveTemplate;
pub use retry::RetryNotice;
pub use templates::{TemplateKey, TemplateText};
