//! The crate's calls, on the heap that runs the test itself.

use std::alloc::{GlobalAlloc, Layout};

#[global_allocator]
static GLOBAL: libhmm::Hmm = libhmm::Hmm;

#[test]
fn blocks_are_libhmms_and_aligned() {
    let text = String::from("a string that is not empty");
    assert!(unsafe { GLOBAL.usable_size(text.as_ptr()) } >= text.len());
    for align_shift in 0..17 {
        for size in [1, 15, 100, 5000, 300_000] {
            let layout = Layout::from_size_align(size, 1 << align_shift).unwrap();
            unsafe {
                let block = GLOBAL.alloc_zeroed(layout);
                assert_eq!(block as usize % layout.align(), 0);
                assert!((0..size).all(|i| *block.add(i) == 0));
                block.write_bytes(7, size);
                let longer = GLOBAL.realloc(block, layout, size * 3);
                assert_eq!(longer as usize % layout.align(), 0);
                assert!((0..size).all(|i| *longer.add(i) == 7));
                GLOBAL.dealloc(longer, Layout::from_size_align(size * 3, layout.align()).unwrap());
            }
        }
    }
    assert_eq!(GLOBAL.check(), None);
    GLOBAL.trim(0);
}

#[test]
fn many_threads() {
    let threads: Vec<_> = (0..8)
        .map(|n| std::thread::spawn(move || (0..20_000).map(|i| vec![n as u8; i % 900].len()).sum::<usize>()))
        .collect();
    let sums: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(sums.iter().all(|sum| *sum == sums[0]));
    assert_eq!(GLOBAL.check(), None);
}

#[test]
fn heap_over_a_buffer() {
    assert!(libhmm::Heap::new(&mut [0u8; 100]).is_none());
    assert!(libhmm::Heap::min_bytes() < 1024);
    let mut buffer = vec![0u8; 4096];
    let mut heap = libhmm::Heap::new(&mut buffer).unwrap();
    let layout = Layout::from_size_align(16, 1).unwrap();
    let blocks: Vec<_> = std::iter::from_fn(|| heap.alloc(layout)).collect();
    assert!(blocks.len() * 16 >= 3072);
    assert_eq!(heap.stats().live_blocks, blocks.len());
    assert!(heap.alloc(Layout::from_size_align(0, 1).unwrap()).is_none());
    let n_bytes = 16 * blocks.len();
    blocks.into_iter().for_each(|block| unsafe { heap.dealloc(block) });
    let (stats, marks) = (heap.stats(), heap.marks());
    assert_eq!((marks.peak_live_bytes, marks.least_free_bytes, marks.refused), (n_bytes, 0, 1));
    assert_eq!((marks.largest_request_bytes, marks.largest_refused_bytes), (16, 16));
    assert_eq!(libhmm::HeapStats { largest_bytes: 0, ..stats }, marks);
    assert_eq!((heap.stats().live_blocks, heap.check()), (0, None));
    let aligned = heap.alloc(Layout::from_size_align(100, 256).unwrap()).unwrap();
    assert_eq!(aligned.as_ptr() as usize % 256, 0);
}

/// A block freed with another size, in a process of its own.
#[test]
fn wrong_layout_ends_the_program() {
    if std::env::var_os("FREE_WRONGLY").is_some() {
        unsafe { GLOBAL.dealloc(GLOBAL.alloc(Layout::new::<[u8; 100]>()), Layout::new::<[u8; 5000]>()) };
        return;
    }
    let out = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["wrong_layout_ends_the_program", "--exact", "--nocapture"])
        .env("FREE_WRONGLY", "1")
        .output()
        .unwrap();
    assert!(!out.status.success());
    assert!(String::from_utf8_lossy(&out.stderr).contains("hmm: HmmFree: wrong size of 0x"));
}
