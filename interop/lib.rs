//! Nothing of its own: tests/ holds journals against implementations that are not ours.
