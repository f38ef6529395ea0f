//! How a server is configured: everything on its command line, nothing in its files.

/// Connections that a server takes at once. A run has many small pools.
const CONNECTIONS_MAX: u32 = 300;

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    parameters: Vec<(String, String)>,
}

impl Default for Settings {
    /// Nothing reaches the disk in order: fastest, and enough where no machine loses power.
    fn default() -> Self {
        let settings = Self { parameters: Vec::new() }
            .set("listen_addresses", "127.0.0.1")
            .set("unix_socket_directories", "")
            .set("max_connections", &CONNECTIONS_MAX.to_string())
            .set("log_min_messages", "warning")
            .set("log_line_prefix", "%m [%p] %d ")
            .set("timezone", "UTC")
            .set("log_timezone", "UTC");
        settings
            .set("fsync", "off")
            .set("full_page_writes", "off")
            .set("synchronous_commit", "off")
            .set("autovacuum", "off")
            .set("max_wal_size", "2GB")
    }
}

impl Settings {
    /// Commits as production does, each on the disk before it is acknowledged: for benches and for tests
    /// of what survives.
    #[must_use]
    pub fn durable() -> Self {
        Self::default()
            .set("fsync", "on")
            .set("full_page_writes", "on")
            .set("synchronous_commit", "on")
            .set("autovacuum", "on")
    }

    /// Sets one parameter of the server, instead of what it was.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The parameters as arguments of `postgres`.
    pub(super) fn arguments(&self) -> impl Iterator<Item = String> {
        self.parameters.iter().map(|(name, value)| format!("--{name}={value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn a_later_value_replaces_an_earlier_one() {
        let arguments: Vec<_> = Settings::durable().set("work_mem", "8MB").arguments().collect();
        assert!(arguments.contains(&"--fsync=on".to_owned()));
        assert!(!arguments.contains(&"--fsync=off".to_owned()));
        assert!(arguments.contains(&"--work_mem=8MB".to_owned()));
    }
}
