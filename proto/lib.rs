//! The contract of the Kortisto patron register, as a crate: what a device vendor depends on.
//!
//! Only generated code and limits live here. The `.proto` files beside this one are the reference;
//! every comment in them appears on the generated items.

/// Types that every audience shares.
pub mod common {
    /// Version 1, compatible for as long as the package keeps its name.
    pub mod v1 {
        tonic::include_proto!("kortisto.common.v1");
    }
}

/// What self-service devices may ask.
pub mod device {
    /// Version 1, compatible for as long as the package keeps its name.
    #[expect(
        unused_qualifications,
        clippy::allow_attributes,
        reason = "generated from proto/kortisto/device/v1"
    )]
    pub mod v1 {
        tonic::include_proto!("kortisto.device.v1");
    }
}

/// What staff may ask at a desk.
pub mod staff {
    /// Version 1, compatible for as long as the package keeps its name.
    #[expect(
        unused_qualifications,
        clippy::allow_attributes,
        reason = "generated from proto/kortisto/staff/v1"
    )]
    pub mod v1 {
        tonic::include_proto!("kortisto.staff.v1");
    }
}

/// The encoded `FileDescriptorSet` of the whole contract, with comments.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/kortisto.binpb"));

/// Largest request that a server reads, in bytes. A longer one is refused with `OUT_OF_RANGE`.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// Largest reply that a server sends and a client needs to read, in bytes.
pub const REPLY_BYTES_MAX: usize = 1024 * 1024;
