//! Producer ids: the controller hands them out by the block, a broker gives them one by one.

use crate::error::ErrorCode;

/// How many ids a block has.
pub const BLOCK_SIZE: i64 = 1_000;

/// A block of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The first of them.
    pub first: i64,
    /// How many.
    pub size: i64,
}

/// The ids that a broker has to give.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProducerIds {
    current: Option<Block>,
    given: i64,
    next: Option<Block>,
}

impl ProducerIds {
    /// The next id; without any the client is to try again.
    pub fn give(&mut self) -> Result<i64, ErrorCode> {
        if self.current.is_none_or(|block| self.given >= block.size) {
            let block = self.next.take().ok_or(ErrorCode::CoordinatorLoadInProgress)?;
            (self.current, self.given) = (Some(block), 0);
        }
        let block = self.current.ok_or(ErrorCode::CoordinatorLoadInProgress)?;
        self.given += 1;
        Ok(block.first + self.given - 1)
    }

    /// Whether it is time for `AllocateProducerIds`: nine of ten ids of the block are given.
    pub fn wants_block(&self) -> bool {
        let is_low = self.current.is_none_or(|block| self.given * 10 >= block.size * 9);
        is_low && self.next.is_none()
    }

    /// The controller has given a block.
    pub fn add(&mut self, block: Block) {
        self.next = Some(block);
    }
}
