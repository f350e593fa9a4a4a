//! Counts the words on standard input, by threads, on libhmm; then says what its heap did.

use std::collections::HashMap;
use std::io::Read;

#[global_allocator]
static GLOBAL: libhmm::Hmm = libhmm::Hmm;

fn count(text: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word.to_string()).or_insert(0) += 1;
    }
    counts
}

fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("text on standard input");
    let threads: Vec<_> = (0..4).map(|_| { let text = text.clone(); std::thread::spawn(move || count(&text)) }).collect();
    let counts: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(counts.windows(2).all(|pair| pair[0] == pair[1]));
    println!("{} words", counts[0].len());
    assert_eq!(GLOBAL.check(), None);
}
