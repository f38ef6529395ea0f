//! The contract's own rules, over its descriptor: those that no general checker knows.

mod comments;
mod decisions;
mod messages;

use prost_reflect::{
    DescriptorPool, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor,
    MethodDescriptor,
};
use std::{collections::BTreeMap, sync::LazyLock};

static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(kortisto::FILE_DESCRIPTOR_SET).unwrap());

/// Our own files: the descriptor set holds those of the standard types too.
fn files() -> impl Iterator<Item = FileDescriptor> {
    POOL.files().filter(|file| file.package_name().starts_with("kortisto."))
}

fn methods() -> Vec<MethodDescriptor> {
    let services = POOL.services().filter(|service| service.full_name().starts_with("kortisto."));
    let methods: Vec<_> = services.flat_map(|service| service.methods().collect::<Vec<_>>()).collect();
    assert!(methods.len() >= 8, "the descriptor holds only {} rpcs", methods.len());
    methods
}

fn messages() -> impl Iterator<Item = MessageDescriptor> {
    POOL.all_messages().filter(|message| message.full_name().starts_with("kortisto."))
}

fn enums() -> impl Iterator<Item = EnumDescriptor> {
    POOL.all_enums().filter(|kind| kind.full_name().starts_with("kortisto."))
}

/// "LoanService.Checkout", as the contract names rpcs to devices.
fn short_name(method: &MethodDescriptor) -> String {
    format!("{}.{}", method.parent_service().name(), method.name())
}

/// A message and every message below it.
fn closure(message: &MessageDescriptor) -> Vec<MessageDescriptor> {
    let (mut seen, mut next) = (BTreeMap::new(), vec![message.clone()]);
    while let Some(message) = next.pop() {
        if seen.insert(message.full_name().to_owned(), message.clone()).is_none() {
            next.extend(message.fields().filter_map(|field| field.kind().as_message().cloned()));
        }
    }
    seen.into_values().collect()
}

fn is_message(field: &FieldDescriptor, full_name: &str) -> bool {
    matches!(field.kind(), Kind::Message(message) if message.full_name() == full_name)
}

/// Fails with every finding at once.
fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// The comment in front of an element of a file, by the element's path in it.
fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let info = info.unwrap_or_else(|| panic!("{} came without its comments", file.name()));
    let place = info.location.iter().find(|location| location.path == path);
    place.map(|location| location.leading_comments().to_owned()).unwrap_or_default()
}

/// Comments break lines where they like; rules do not care.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn method_comment(method: &MethodDescriptor) -> String {
    in_one_line(&comment(&method.parent_service().parent_file(), method.path()))
}

fn field_comment(field: &FieldDescriptor) -> String {
    in_one_line(&comment(&field.parent_message().parent_file(), field.path()))
}
