//! Keys in the order of the reference.

use super::super::keys;
use super::items::{Entry, Item};

/// An entry, and the comments right before it.
struct Block {
    comments: Vec<Item>,
    entry: Entry,
}

/// Puts the keys of each table in order, but only those that no blank line divides: whoever wrote one there
/// had an order in mind.
pub(super) fn sort(items: &mut Vec<Item>) {
    let mut sorted = Vec::with_capacity(items.len());
    let mut table = String::new();
    let mut blocks: Vec<Block> = Vec::new();
    let mut comments: Vec<Item> = Vec::new();
    let mut is_after_header = false;
    for item in std::mem::take(items) {
        match item {
            Item::Comment(_) => comments.push(item),
            Item::Entry(entry) => blocks.push(Block {
                comments: std::mem::take(&mut comments),
                entry,
            }),
            // It is not kept, so that what comes after it comes right after the header.
            Item::Blank
                if matches!(sorted.last(), Some(Item::Header(_)))
                    && is_empty(&blocks, &comments) => {}
            Item::Blank | Item::Header(_) => {
                finish(&mut blocks, &table, is_after_header, &mut sorted);
                sorted.append(&mut comments);
                is_after_header = matches!(item, Item::Header(_));
                if let Item::Header(header) = &item {
                    table.clone_from(&header.path);
                }
                sorted.push(item);
            }
        }
    }
    finish(&mut blocks, &table, is_after_header, &mut sorted);
    sorted.append(&mut comments);
    *items = sorted;
}

fn is_empty(blocks: &[Block], comments: &[Item]) -> bool {
    blocks.is_empty() && comments.is_empty()
}

fn finish(blocks: &mut Vec<Block>, table: &str, is_after_header: bool, sorted: &mut Vec<Item>) {
    let mut blocks = std::mem::take(blocks);
    let rank = |block: &Block| keys::rank(table, &block.entry.name);
    // A comment right after the header may be about all of the table, and stays where it is.
    let has_head = |block: &Block| is_after_header && !block.comments.is_empty();
    let first = blocks.first();
    let least = blocks.iter().map(rank).min();
    let stays = first.is_some_and(|first| has_head(first) && Some(rank(first)) != least);
    if !stays {
        blocks.sort_by_key(rank);
    }
    for block in blocks {
        sorted.extend(block.comments);
        sorted.push(Item::Entry(block.entry));
    }
}
