//! Every test of whole archives, of the program and of what is written about them, in one binary, which is
//! built and linked in a fraction of the time that twenty take.
#![allow(clippy::unwrap_used)]

mod common;
mod transcript;

mod backend;
mod bad_input;
mod cli;
mod compare;
mod concurrent;
mod crash;
mod damage;
mod format;
mod json;
mod large;
mod links;
mod manners;
mod model;
mod neardup;
mod parsers;
mod patch;
mod places;
mod readme;
mod rebuild;
mod sizes;
mod store;
mod tree;
