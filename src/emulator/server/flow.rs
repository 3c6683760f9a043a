//! The body of a response on its way: whole, slow, or cut short.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::emulator::message::Wire;

/// How often a slow body gives something, per second.
const STEPS: u32 = 10;

/// A body that gives its bytes as the wire is told to. Its length is always that of the whole.
pub(super) struct Flow {
    rest: Bytes,
    total: u64,
    /// How many bytes may still be given.
    cut: Option<u32>,
    slow: Option<u32>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Flow {
    pub(super) fn new(body: Vec<u8>, wire: Wire) -> Flow {
        // Of a body that is cut at once, at least the head goes out first.
        let pause = (wire.cut == Some(0)).then(|| Box::pin(sleep(Duration::from_millis(1))));
        Flow { total: body.len() as u64, rest: Bytes::from(body), cut: wire.cut, slow: wire.slow, pause }
    }
}

impl Body for Flow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if self.cut == Some(0) {
            return Poll::Ready(Some(Err(io::Error::other("cut as the world wants it"))));
        }
        let step = self.slow.map_or(u32::MAX, |rate| (rate / STEPS).max(1));
        let rest = u32::try_from(self.rest.len()).unwrap_or(u32::MAX);
        let wanted = step.min(self.cut.unwrap_or(u32::MAX)).min(rest);
        let millis = match (self.slow, self.cut) {
            (Some(rate), _) => Some(u64::from(wanted) * 1000 / u64::from(rate.max(1))),
            // What was given goes out while nothing more comes; an error at once would take it along.
            (None, Some(_)) => Some(1),
            (None, None) => None,
        };
        self.pause = millis.map(|millis| Box::pin(sleep(Duration::from_millis(millis.max(1)))));
        self.cut = self.cut.map(|cut| cut - wanted);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(wanted as usize)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.total)
    }
}
