//! Identities, checkpoints, keys and time tokens: no signature is trusted that the key did not make.
#![no_main]

use docarchive::internals::journal::{
    Identity,
    note::{self, Checkpoint, Signer, Verifier},
    time_token::{TimeToken, token_in},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The seed is in no corpus, so that no input can be signed.
    let signer =
        Signer::from_seed("example.org/fuzz", &[0x5a; 32]).expect("the name is a good one");
    assert!(note::open(bytes, signer.verifier()).is_err());
    if let Ok(identity) = Identity::parse(bytes) {
        assert_eq!(identity.to_string().as_bytes(), bytes);
    }
    let _ = (TimeToken::parse(bytes), token_in(bytes).map(TimeToken::parse));
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = (Signer::parse(text), Verifier::parse(text));
    if let Some(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
        let note = checkpoint.sign(&signer).expect("a checkpoint is short");
        assert_eq!(Checkpoint::open(&note, signer.verifier()), Ok(checkpoint));
    }
});
