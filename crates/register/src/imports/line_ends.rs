//! Makes every line end in a line feed, so that lines are counted alike whatever wrote the file.

use std::io::{self, Read};

/// A reader in whose text CR LF and CR are LF.
pub(crate) struct LineEnds<R> {
    inner: R,
    after_return: bool,
}

impl<R> LineEnds<R> {
    pub(crate) const fn new(inner: R) -> Self {
        Self { inner, after_return: false }
    }
}

impl<R: Read> Read for LineEnds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.inner.read(buffer)?;
            let mut kept = 0;
            for index in 0..read {
                let byte = buffer[index];
                let second_half = byte == b'\n' && self.after_return;
                self.after_return = byte == b'\r';
                if !second_half {
                    buffer[kept] = if self.after_return { b'\n' } else { byte };
                    kept += 1;
                }
            }
            // Nothing kept out of something read is not the end.
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_end_is_one_line_feed_however_it_is_read(text in "[a\r\n]{0,40}", size in 1_usize..5) {
            let mut reader = LineEnds::new(text.as_bytes());
            let (mut found, mut buffer) = (Vec::new(), vec![0; size]);
            loop {
                let read = reader.read(&mut buffer).unwrap();
                if read == 0 {
                    break;
                }
                found.extend_from_slice(&buffer[..read]);
            }
            prop_assert_eq!(found, text.replace("\r\n", "\n").replace('\r', "\n").into_bytes());
        }
    }
}
