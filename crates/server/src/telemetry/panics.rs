//! What happens to the text of a panic: nothing. It may quote a value, so only the place is logged.

use std::panic::PanicHookInfo;

use ::metrics::counter;

/// Replaces the hook that would print the text of a panic to standard error.
pub fn install_hook() {
    std::panic::set_hook(Box::new(report));
}

fn report(info: &PanicHookInfo<'_>) {
    counter!("kortisto_panics_total").increment(1);
    let place = info.location().map_or_else(String::new, ToString::to_string);
    let thread = std::thread::current();
    tracing::error!(place, thread = thread.name().unwrap_or_default(), "panic");
}
