//! The services that a patron uses or has switched off (A33).
//!
//! What is not recorded is on: a patron who says nothing may use everything that the rules of the library allow.

use crate::facts::Patron;
use crate::{DeviceKind, Service};

/// The service that a device of this kind is; a desk is none, and always there.
#[must_use]
pub const fn of_device(device: DeviceKind) -> Option<Service> {
    match device {
        DeviceKind::SelfCheckout => Some(Service::SelfCheckout),
        DeviceKind::Door => Some(Service::Door),
        DeviceKind::PcBooking => Some(Service::PcBooking),
        DeviceKind::Locker => Some(Service::Locker),
        DeviceKind::ELending => Some(Service::ELending),
        DeviceKind::OnlineLibrary => Some(Service::OnlineLibrary),
        DeviceKind::Desk => None,
    }
}

/// The kind of device that a service runs on.
#[must_use]
pub fn device_of(service: Service) -> Option<DeviceKind> {
    DeviceKind::ALL.iter().copied().find(|kind| of_device(*kind) == Some(service))
}

/// Whether the patron has switched off the service that this device is.
#[must_use]
pub fn is_switched_off(patron: &Patron, device: DeviceKind) -> bool {
    of_device(device).is_some_and(|service| patron.switched_off.contains(&service))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::patron;

    #[test]
    fn every_service_is_one_kind_of_device() {
        for service in Service::ALL {
            let device = device_of(*service).unwrap();
            assert_eq!(of_device(device), Some(*service));
        }
        assert_eq!(of_device(DeviceKind::Desk), None);
    }

    #[test]
    fn a_service_is_on_until_it_is_switched_off() {
        for device in DeviceKind::ALL {
            assert!(!is_switched_off(&patron(), *device), "{device:?}");
            for service in Service::ALL {
                let patron = Patron { switched_off: vec![*service], ..patron() };
                assert_eq!(is_switched_off(&patron, *device), of_device(*device) == Some(*service));
            }
        }
    }
}
