//! A PostgreSQL cluster of one test's own.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

/// Debian's and Ubuntu's place, newest first, then wherever the distribution puts it.
const BINARIES: [&str; 6] = [
    "/usr/lib/postgresql/18/bin",
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/15/bin",
    "/usr/lib/postgresql/14/bin",
    "/usr/bin",
];

/// Makes a cluster, says so, and removes it when its standard input closes: at the end of the test, or of the
/// process, however that comes.
const SCRIPT: &str = r#"
bin=$1 port=$2 dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
"$bin/initdb" -D "$dir/data" -U postgres -A trust --no-sync >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
"$bin/postgres" -D "$dir/data" -p "$port" -k "$dir" -c listen_addresses=127.0.0.1 -c fsync=off \
    -c deadlock_timeout=50ms >>"$dir/log" 2>&1 &
server=$!
until "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; do
    kill -0 $server || { cat "$dir/log"; exit 1; }
    sleep 0.05
done
echo ready
cat >/dev/null
kill -QUIT $server
wait $server
"#;

pub(crate) struct Cluster {
    keeper: Child,
    pub(crate) port: u16,
}

impl Cluster {
    /// Starts one, as user `postgres` when run as root, which PostgreSQL refuses.
    pub(crate) fn start() -> Self {
        let bin = BINARIES.into_iter().find(|bin| Path::new(bin).join("initdb").exists());
        let bin = bin.expect("PostgreSQL's server binaries are needed: apt-get install postgresql");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let root =
            String::from_utf8_lossy(&Command::new("id").arg("-u").output().unwrap().stdout).trim() == "0";
        let mut command = if root { Command::new("runuser") } else { Command::new("sh") };
        if root {
            command.args(["-u", "postgres", "--", "sh"]);
        }
        command.args(["-c", SCRIPT, "sh", bin, &port.to_string()]).current_dir("/");
        let keeper = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut cluster = Self { keeper, port };
        let mut said = String::new();
        for line in BufReader::new(cluster.keeper.stdout.take().unwrap()).lines().map_while(Result::ok) {
            if line == "ready" {
                return cluster;
            }
            said.push_str(&line);
        }
        panic!("PostgreSQL did not start: {said}");
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
