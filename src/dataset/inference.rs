//! What [`Targets::infer`](super::Targets::infer) finds, one number after the other.

/// The most classes whole numbers are taken for.
const MAX_CLASSES: f32 = 1000.0;

/// Which rules the numbers so far fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inference {
    zero_one: bool,
    plus_minus: bool,
    whole: bool,
    largest: f32,
}

impl Default for Inference {
    fn default() -> Self {
        Self { zero_one: true, plus_minus: true, whole: true, largest: -1.0 }
    }
}

impl Inference {
    pub(crate) fn see(&mut self, v: f32) {
        self.zero_one &= v == 0.0 || v == 1.0;
        self.plus_minus &= v == 1.0 || v == -1.0;
        self.whole &= (0.0..MAX_CLASSES).contains(&v) && v.fract() == 0.0;
        if v > self.largest {
            self.largest = v;
        }
    }

    /// How many classes there are, if the numbers are labels: `v` is label `max(v, 0)`.
    pub(crate) fn classes(&self) -> Option<usize> {
        match self {
            _ if self.zero_one || self.plus_minus => Some(2),
            _ if self.whole => Some(self.largest as usize + 1),
            _ => None,
        }
    }
}
