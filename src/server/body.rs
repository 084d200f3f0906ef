//! Response bodies: whole ones, and scrapes that are rendered and compressed piece by piece as the
//! connection takes them. Knows no routes and no metrics.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use flate2::write::GzEncoder;
use http_body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use logmetrics_core::exposition::content_encoding::Encoding;

/// The pieces of one scrape, each rendered when it is asked for.
pub type Pieces = Box<dyn Iterator<Item = Bytes> + Send>;

/// Compressed bytes are gathered to frames of at least this size.
const FRAME_BYTES_MIN: usize = 8 * 1024;

/// After so many bytes of input without a frame other connections get their turn.
const TURN_BYTES_MAX: usize = 256 * 1024;

/// A smaller piece counts as this many, for asking for one takes time too.
const PIECE_BYTES_MIN: usize = 1024;

/// Fast and nearly as small as the higher levels: label sets repeat and compress at any level.
const GZIP_LEVEL: u32 = 1;
const ZSTD_LEVEL: i32 = 1;

/// 128 KiB, as a power of two: what a reader must keep, and most of what a writer keeps.
const ZSTD_WINDOW_LOG: u32 = 17;

/// The body of a response.
pub enum Body {
    /// All of it at once.
    Whole(Bytes),
    /// Piece by piece.
    Streamed(Streamed),
}

/// A scrape that is being written.
pub struct Streamed {
    pieces: Pieces,
    coder: Coder,
    /// The place among the running scrapes; given back with the last byte.
    permit: Option<OwnedSemaphorePermit>,
}

impl Body {
    /// No bytes.
    pub fn empty() -> Self {
        Body::Whole(Bytes::new())
    }

    /// The pieces in this coding. The permit is held until the last piece is taken or the body is
    /// dropped. Fails only where the compressor cannot be made.
    pub fn streamed(
        pieces: Pieces,
        encoding: Encoding,
        permit: Option<OwnedSemaphorePermit>,
    ) -> io::Result<Self> {
        Ok(Body::Streamed(Streamed {
            pieces,
            coder: Coder::new(encoding)?,
            permit,
        }))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Body::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Body::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Body::Streamed(streamed) => streamed.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Whole(bytes) => bytes.is_empty(),
            Body::Streamed(streamed) => matches!(streamed.coder, Coder::Ended),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Body::Streamed(_) => SizeHint::default(),
        }
    }
}

impl Streamed {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let mut taken_bytes = 0;
        while taken_bytes < TURN_BYTES_MAX {
            let step = match self.pieces.next() {
                Some(piece) => {
                    taken_bytes += piece.len().max(PIECE_BYTES_MIN);
                    self.coder.write(piece)
                }
                None => {
                    let step = self.coder.finish();
                    self.permit = None;
                    // Nothing may be asked of an iterator that has ended.
                    self.pieces = Box::new(std::iter::empty());
                    if let Ok(None) = step {
                        return Poll::Ready(None);
                    }
                    step
                }
            };
            if let Some(frame) = step.transpose() {
                return Poll::Ready(Some(frame.map(Frame::data)));
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Compresses, and says when enough has gathered for a frame.
enum Coder {
    Identity,
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    Ended,
}

impl Coder {
    fn new(encoding: Encoding) -> io::Result<Self> {
        let gathered = Vec::with_capacity(2 * FRAME_BYTES_MIN);
        Ok(match encoding {
            Encoding::Identity => Coder::Identity,
            Encoding::Gzip => Coder::Gzip(GzEncoder::new(
                gathered,
                flate2::Compression::new(GZIP_LEVEL),
            )),
            Encoding::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(gathered, ZSTD_LEVEL)?;
                encoder.window_log(ZSTD_WINDOW_LOG)?;
                Coder::Zstd(encoder)
            }
        })
    }

    fn write(&mut self, piece: Bytes) -> io::Result<Option<Bytes>> {
        let gathered = match self {
            Coder::Identity => return Ok((!piece.is_empty()).then_some(piece)),
            Coder::Gzip(encoder) => {
                encoder.write_all(&piece)?;
                encoder.get_mut()
            }
            Coder::Zstd(encoder) => {
                encoder.write_all(&piece)?;
                encoder.get_mut()
            }
            Coder::Ended => return Ok(None),
        };
        if gathered.len() < FRAME_BYTES_MIN {
            return Ok(None);
        }
        let next = Vec::with_capacity(gathered.capacity().min(128 * 1024));
        Ok(Some(std::mem::replace(gathered, next).into()))
    }

    fn finish(&mut self) -> io::Result<Option<Bytes>> {
        let rest = match std::mem::replace(self, Coder::Ended) {
            Coder::Identity | Coder::Ended => return Ok(None),
            Coder::Gzip(encoder) => encoder.finish()?,
            Coder::Zstd(encoder) => encoder.finish()?,
        };
        Ok((!rest.is_empty()).then(|| rest.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::Arc;
    use std::task::Waker;

    use http_body::Body as _;
    use proptest::prelude::*;
    use tokio::sync::Semaphore;

    use super::*;

    /// Every frame, and how often the body gave way to others.
    fn drained(mut body: Body) -> (Vec<Bytes>, usize) {
        let mut context = Context::from_waker(Waker::noop());
        let (mut frames, mut turns) = (Vec::new(), 0);
        loop {
            match Pin::new(&mut body).poll_frame(&mut context) {
                Poll::Ready(Some(frame)) => frames.push(frame.unwrap().into_data().unwrap()),
                Poll::Ready(None) => break,
                Poll::Pending => turns += 1,
            }
        }
        assert!(matches!(
            Pin::new(&mut body).poll_frame(&mut context),
            Poll::Ready(None)
        ));
        (frames, turns)
    }

    fn streamed(pieces: Vec<Bytes>, encoding: Encoding) -> Body {
        Body::streamed(Box::new(pieces.into_iter()), encoding, None).unwrap()
    }

    fn decompressed(encoding: Encoding, bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        match encoding {
            Encoding::Identity => plain.extend_from_slice(bytes),
            Encoding::Gzip => flate2::read::GzDecoder::new(bytes)
                .read_to_end(&mut plain)
                .map(drop)
                .unwrap(),
            Encoding::Zstd => plain = zstd::stream::decode_all(bytes).unwrap(),
        }
        plain
    }

    const ALL: [Encoding; 3] = [Encoding::Identity, Encoding::Gzip, Encoding::Zstd];

    proptest! {
        #[test]
        fn every_coding_gives_the_same_bytes(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 0..40)
        ) {
            let pieces: Vec<Bytes> = pieces.into_iter().map(Bytes::from).collect();
            let plain = pieces.concat();
            for encoding in ALL {
                let (frames, _) = drained(streamed(pieces.clone(), encoding));
                prop_assert!(frames.iter().all(|frame| !frame.is_empty()));
                prop_assert_eq!(&decompressed(encoding, &frames.concat()), &plain);
            }
        }
    }

    #[test]
    fn pieces_are_asked_for_only_as_frames_are_taken() {
        let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counter = asked.clone();
        let pieces = std::iter::repeat_with(move || {
            counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Bytes::from_static(b"requests_by_user 1\n")
        });
        let mut body =
            Body::streamed(Box::new(pieces.take(1000)), Encoding::Identity, None).unwrap();
        assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 0);
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut body).poll_frame(&mut context).is_ready());
        assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 1);
    }

    #[test]
    fn a_page_that_compresses_well_lets_others_run() {
        let piece = Bytes::from(vec![b'a'; 64 * 1024]);
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let (frames, turns) = drained(streamed(vec![piece.clone(); 32], encoding));
            assert!(turns > 0, "{encoding:?}");
            assert_eq!(
                decompressed(encoding, &frames.concat()).len(),
                32 * 64 * 1024
            );
        }
    }

    #[test]
    fn the_permit_is_given_back_with_the_last_byte_or_when_dropped() {
        let places = Arc::new(Semaphore::new(1));
        let with_permit = || {
            let permit = places.clone().try_acquire_owned().unwrap();
            let pieces = Box::new(std::iter::once(Bytes::from_static(b"x")));
            Body::streamed(pieces, Encoding::Gzip, Some(permit)).unwrap()
        };
        drop(with_permit());
        assert_eq!(places.available_permits(), 1);
        let mut body = with_permit();
        assert_eq!(places.available_permits(), 0);
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(_)) = Pin::new(&mut body).poll_frame(&mut context) {}
        assert_eq!(places.available_permits(), 1);
    }
}
