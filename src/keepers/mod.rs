//! Floor 2: keepers. Each owns one kind of bytes at rest; the house carries results between them.
