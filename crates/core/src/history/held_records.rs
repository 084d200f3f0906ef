//! What is held of records of several lines, as bytes that only their joiner reads.
//!
//! Their first lines are known as counted already. So they are saved with the history, at the same instant.

/// The bytes, and whether they are saved.
#[derive(Debug, Default)]
pub(super) struct HeldRecords {
    bytes: Vec<u8>,
    is_changed: bool,
}

impl HeldRecords {
    pub(super) fn restored(bytes: Vec<u8>) -> HeldRecords {
        HeldRecords {
            bytes,
            is_changed: false,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn set(&mut self, bytes: &[u8]) {
        if self.bytes != bytes {
            self.bytes.clear();
            self.bytes.extend_from_slice(bytes);
            self.is_changed = true;
        }
    }

    /// What is to be saved, if that changed.
    pub(super) fn take_change(&mut self) -> Option<&[u8]> {
        std::mem::take(&mut self.is_changed).then_some(&self.bytes)
    }
}
