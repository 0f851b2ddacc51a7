"""Where results came from: a record of inputs, config, code and versions, and an RO-Crate made from it."""
