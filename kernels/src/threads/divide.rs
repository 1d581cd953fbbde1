//! What work can be cut from: slices, arrays of them, matrix views, tuples.

use core::marker::PhantomData;
use core::ops::Range;

/// Data of which threads take parts: slices, matrix views, and tuples of them cut at the same places.
pub(crate) trait Divide {
    /// The same data, lent to all threads at once.
    type Shared: Sync;
    /// How much there is to cut.
    fn size(&self) -> usize;
    fn share(self) -> Self::Shared;
    /// # Safety
    /// - Of all parts in use at the same time, no two overlap.
    unsafe fn part(shared: &Self::Shared, range: Range<usize>) -> Self;
}

impl<T: Sync> Divide for &[T] {
    type Shared = Self;
    #[inline(always)]
    fn size(&self) -> usize {
        <[T]>::len(self)
    }
    #[inline(always)]
    fn share(self) -> Self {
        self
    }
    #[inline(always)]
    unsafe fn part(shared: &Self, range: Range<usize>) -> Self {
        &shared[range]
    }
}

/// A mutable slice that threads share.
pub(crate) struct SharedSlice<'a, T> {
    ptr: *mut T,
    len: usize,
    borrow: PhantomData<&'a mut [T]>,
}
// SAFETY: an exclusive borrow, of which threads use parts that do not overlap; each as if it had been sent there.
unsafe impl<T: Send> Sync for SharedSlice<'_, T> {}

impl<'a, T: Send> Divide for &'a mut [T] {
    type Shared = SharedSlice<'a, T>;
    #[inline(always)]
    fn size(&self) -> usize {
        <[T]>::len(self)
    }
    #[inline(always)]
    fn share(self) -> Self::Shared {
        SharedSlice { ptr: self.as_mut_ptr(), len: self.len(), borrow: PhantomData }
    }
    #[inline(always)]
    unsafe fn part(shared: &Self::Shared, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= shared.len, "a part of a slice lies inside it");
        // SAFETY: inside the slice borrowed for 'a; the caller vouches that nobody else uses these elements.
        unsafe { core::slice::from_raw_parts_mut(shared.ptr.add(range.start), range.len()) }
    }
}

/// The numbers of what is cut.
impl Divide for Range<usize> {
    type Shared = Self;
    #[inline(always)]
    fn size(&self) -> usize {
        self.end - self.start
    }
    #[inline(always)]
    fn share(self) -> Self {
        self
    }
    #[inline(always)]
    unsafe fn part(shared: &Self, range: Range<usize>) -> Self {
        shared.start + range.start..shared.start + range.end
    }
}

/// The first says how long all are.
macro_rules! tuple {
    ($($part:ident $i:tt),+) => {
        impl<$($part: Divide),+> Divide for ($($part,)+) {
            type Shared = ($($part::Shared,)+);
            #[inline(always)]
            fn size(&self) -> usize {
                self.0.size()
            }
            #[inline(always)]
            fn share(self) -> Self::Shared {
                ($(self.$i.share(),)+)
            }
            #[inline(always)]
            unsafe fn part(shared: &Self::Shared, range: Range<usize>) -> Self {
                // SAFETY: as the caller vouches.
                unsafe { ($($part::part(&shared.$i, range.clone()),)+) }
            }
        }
    };
}
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);

/// What may be absent (weights); its length is then that of its partners.
impl<A: Divide> Divide for Option<A> {
    type Shared = Option<A::Shared>;
    #[inline(always)]
    fn size(&self) -> usize {
        self.as_ref().map_or(0, A::size)
    }
    #[inline(always)]
    fn share(self) -> Self::Shared {
        self.map(A::share)
    }
    #[inline(always)]
    unsafe fn part(shared: &Self::Shared, range: Range<usize>) -> Self {
        // SAFETY: as the caller vouches.
        shared.as_ref().map(|whole| unsafe { A::part(whole, range) })
    }
}

/// Several slices of equal length (the state vectors of an optimizer); with none, the length is that of its partners.
impl<D: Divide, const S: usize> Divide for [D; S] {
    type Shared = [D::Shared; S];
    #[inline(always)]
    fn size(&self) -> usize {
        self.first().map_or(0, D::size)
    }
    #[inline(always)]
    fn share(self) -> Self::Shared {
        self.map(D::share)
    }
    #[inline(always)]
    unsafe fn part(shared: &Self::Shared, range: Range<usize>) -> Self {
        // SAFETY: as the caller vouches.
        shared.each_ref().map(|whole| unsafe { D::part(whole, range.clone()) })
    }
}

/// Data that is cut at multiples of a number of elements: rows, or blocks of them. The last may be shorter.
pub(crate) struct Wide<D>(pub(crate) D, pub(crate) usize);
/// [`Wide`] data that is shared, its elements, and how many are cut at once.
pub(crate) struct SharedWide<S> {
    elements: S,
    len: usize,
    unit: usize,
}
impl<D: Divide> Divide for Wide<D> {
    type Shared = SharedWide<D::Shared>;
    #[inline(always)]
    fn size(&self) -> usize {
        self.0.size().div_ceil(self.1.max(1))
    }
    #[inline(always)]
    fn share(self) -> Self::Shared {
        SharedWide { len: self.0.size(), elements: self.0.share(), unit: self.1 }
    }
    #[inline(always)]
    unsafe fn part(shared: &Self::Shared, range: Range<usize>) -> Self {
        let &SharedWide { ref elements, len, unit } = shared;
        let range = (range.start * unit).min(len)..(range.end * unit).min(len);
        // SAFETY: as the caller vouches: ranges that do not overlap still do not.
        Self(unsafe { D::part(elements, range) }, unit)
    }
}
