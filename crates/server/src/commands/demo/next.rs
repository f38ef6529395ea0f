//! What to try while the demo serves on.

use super::house::House;

pub(super) fn print(house: &House) {
    let (folder, port) = (house.folder.display(), house.port);
    println!(
        r#"
The register serves on at https://localhost:{port} until Ctrl-C. In another terminal:

  see the devices            cargo run --release -- --config {folder}/kortisto.toml device list
  shut the door program out  cargo run --release -- --config {folder}/kortisto.toml device revoke demo-door
  ban Siv from the door      cargo run --release -- --config {folder}/kortisto.toml ban place 153A0000003 --kind self-service --reason "a try"
  employ yourself at a desk  cargo run --release -- --config {folder}/kortisto.toml staff add me --name "My Name"
                             cargo run --release -- --config {folder}/kortisto.toml staff grant me desk
  check the installation     cargo run --release -- --config {folder}/kortisto.toml check

  ask the door yourself with grpcurl:
    grpcurl -cacert {folder}/authority.pem -cert {folder}/demo-door.pem -key {folder}/demo-door.key \
      -import-path proto -proto kortisto/device/v1/access_service.proto \
      -d '{{"card_number":"153A0000003","pin":"5068","resource":"main-door","nonce":"0190c1f2-7b3a-7cde-8f01-23456789abcd"}}' \
      localhost:{port} kortisto.device.v1.AccessService/CheckAccess

  be a kiosk in Python (enrols a device of its own):
    python3 -m venv data/python && data/python/bin/pip install -r tests/python/requirements.txt
    data/python/bin/python tests/python/client.py --help
"#
    );
}
