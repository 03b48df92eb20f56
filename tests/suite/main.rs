//! Every test of whole archives, of the program and of what is written about them, in one binary, which is
//! built and linked in a fraction of the time that twenty take.
#![allow(clippy::unwrap_used)]

mod common;
mod transcript;

mod archives;
mod backend;
mod bad_input;
mod cli;
mod compare;
mod concurrent;
mod copy;
mod crafted;
mod crash;
mod damage;
mod dates;
mod details;
mod export;
mod format;
mod healing;
mod history;
mod json;
mod large;
mod links;
mod manners;
mod messages;
mod misled;
mod model;
mod mounts;
mod neardup;
mod page;
mod pairs;
mod parsers;
mod patch;
mod places;
mod races;
mod reading;
mod readme;
mod rebuild;
mod remains;
mod second_reader;
mod selection;
mod signals;
mod sizes;
mod store;
mod streams;
mod tamper;
mod threats;
mod tree;
mod trust;
mod walk;
mod withdraw;
