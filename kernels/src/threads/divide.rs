//! What work can be cut from: slices, arrays of them, tuples.

/// Data that can be cut in two: slices, matrix views, and tuples of them cut at the same place.
pub(crate) trait Divide: Sized + Send {
    fn len(&self) -> usize;
    fn divide_at(self, mid: usize) -> (Self, Self);
}

impl<T: Sync> Divide for &[T] {
    fn len(&self) -> usize {
        <[T]>::len(self)
    }
    fn divide_at(self, mid: usize) -> (Self, Self) {
        self.split_at(mid)
    }
}
impl<T: Send> Divide for &mut [T] {
    fn len(&self) -> usize {
        <[T]>::len(self)
    }
    fn divide_at(self, mid: usize) -> (Self, Self) {
        self.split_at_mut(mid)
    }
}
impl<A: Divide, B: Divide> Divide for (A, B) {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn divide_at(self, mid: usize) -> (Self, Self) {
        let ((a, a2), (b, b2)) = (self.0.divide_at(mid), self.1.divide_at(mid));
        ((a, b), (a2, b2))
    }
}
impl<A: Divide, B: Divide, C: Divide> Divide for (A, B, C) {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn divide_at(self, mid: usize) -> (Self, Self) {
        let ((ab, ab2), (c, c2)) = ((self.0, self.1).divide_at(mid), self.2.divide_at(mid));
        ((ab.0, ab.1, c), (ab2.0, ab2.1, c2))
    }
}
/// What may be absent (weights); its length is then that of its partners.
impl<A: Divide> Divide for Option<A> {
    fn len(&self) -> usize {
        self.as_ref().map_or(0, A::len)
    }
    fn divide_at(self, mid: usize) -> (Self, Self) {
        match self {
            None => (None, None),
            Some(whole) => {
                let (left, right) = whole.divide_at(mid);
                (Some(left), Some(right))
            }
        }
    }
}
/// Several slices of equal length (the state vectors of an optimizer); with none, the length is that of its partners.
impl<T: Send, const S: usize> Divide for [&mut [T]; S] {
    fn len(&self) -> usize {
        self.first().map_or(0, |s| s.len())
    }
    fn divide_at(self, mid: usize) -> (Self, Self) {
        let mut right = [const { None }; S];
        let mut i = 0;
        let left = self.map(|slice| {
            let (l, r) = slice.split_at_mut(mid);
            right[i] = Some(r);
            i += 1;
            l
        });
        (left, right.map(|r| r.expect("every slot was filled")))
    }
}
