//! Lists in pages, in the order of a key.

/// Rows on one page at most.
pub const PAGE_SIZE_MAX: usize = 100;

/// Which part of a list in the order of a key. It is the key of the rows unless the list says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<K = i64> {
    /// How many rows at most, 1 to [`PAGE_SIZE_MAX`].
    pub size: usize,
    /// The key of the last row of the page before; none on the first.
    pub after: Option<K>,
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Paged<T, K = i64> {
    /// Its rows.
    pub rows: Vec<T>,
    /// The key after which the next page begins; none on the last.
    pub next: Option<K>,
}

impl<K> Page<K> {
    /// How many rows to read: one more than fit, which tells whether there is another page.
    pub(crate) const fn limit(&self) -> u64 {
        self.size as u64 + 1
    }

    /// The page out of the rows read.
    pub(crate) fn cut<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> K) -> Paged<T, K> {
        let more = rows.len() > self.size;
        rows.truncate(self.size);
        let next = rows.last().filter(|_| more).map(key);
        Paged { rows, next }
    }
}

impl<T, K> Paged<T, K> {
    /// The same page with each row made into something else.
    pub(crate) fn map<U>(self, make: impl FnMut(T) -> U) -> Paged<U, K> {
        Paged { rows: self.rows.into_iter().map(make).collect(), next: self.next }
    }

    /// The same page with each row made into something else, unless one cannot be.
    pub(crate) fn try_map<U, E>(self, make: impl FnMut(T) -> Result<U, E>) -> Result<Paged<U, K>, E> {
        let rows = self.rows.into_iter().map(make).collect::<Result<_, _>>()?;
        Ok(Paged { rows, next: self.next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_where_the_next_begins() {
        let page = Page { size: 2, after: None };
        assert_eq!(page.limit(), 3);
        let cut = |rows: Vec<i64>| {
            let cut = page.cut(rows, |row| *row);
            (cut.rows, cut.next)
        };
        assert_eq!(cut(vec![9, 8, 7]), (vec![9, 8], Some(8)));
        assert_eq!(cut(vec![9, 8]), (vec![9, 8], None));
        assert_eq!(cut(vec![]), (vec![], None));
    }
}
