use super::super::input::noise;
use super::*;
use crate::Targets;
use crate::dataset::RowStream;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

fn idx(magic: u32, sizes: &[u32], body: &[u8]) -> Vec<u8> {
    let mut file = magic.to_be_bytes().to_vec();
    sizes.iter().for_each(|size| file.extend(size.to_be_bytes()));
    file.extend(body);
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const GUESS: TargetOptions = TargetOptions::Guess;

fn parse(images: &[u8], labels: &[u8]) -> Result<Dataset, DataError> {
    parse_pair((Path::new("d/images"), images), (Path::new("d/labels"), labels), &GUESS)
}

fn small_pair() -> (Vec<u8>, Vec<u8>) {
    (idx(2051, &[2, 1, 3], &[0, 51, 255, 1, 2, 3]), idx(2049, &[2], &[3, 0]))
}

#[test]
fn reads_plain_and_gzip_alike() {
    let (images, labels) = small_pair();
    let data = parse(&images, &labels).unwrap();
    assert_eq!((data.name(), data.rows(), data.row(0)), ("images", 2, &[0.0, 0.2, 1.0][..]));
    assert_eq!(data.targets(), &Targets::Labels { labels: vec![1, 0], classes: 2 });
    assert_eq!(data.class_names().unwrap(), ["0", "3"]);
    assert_eq!(parse(&gzip(&images), &gzip(&labels)).unwrap(), data);
}

/// Every type, of labels and of pixels, in any number of dimensions.
#[test]
fn all_types_are_read() {
    let encoded = |code: u32, numbers: &[i8]| -> Vec<u8> {
        let bytes = |&x: &i8| match code {
            0x08 | 0x09 => vec![x as u8],
            0x0b => i16::from(x).to_be_bytes().to_vec(),
            0x0c => i32::from(x).to_be_bytes().to_vec(),
            0x0d => f32::from(x).to_be_bytes().to_vec(),
            _ => f64::from(x).to_be_bytes().to_vec(),
        };
        numbers.iter().flat_map(bytes).collect()
    };
    let folder = tempfile::tempdir().unwrap();
    let (images, labels) = (folder.path().join("images"), folder.path().join("labels"));
    for code in [0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e] {
        for (dimensions, sizes) in [(1, &[4][..]), (2, &[4, 1]), (4, &[4, 1, 1, 1])] {
            let of_labels = idx(code << 8 | dimensions, sizes, &encoded(code, &[7, 3, 7, 3]));
            let of_images = idx(code << 8 | dimensions, sizes, &encoded(code, &[0, 51, 102, 1]));
            let data = parse(&of_images, &of_labels).unwrap();
            assert_eq!(data.targets(), &Targets::Labels { labels: vec![1, 0, 1, 0], classes: 2 }, "{code:#x}");
            let whole = if code < 0x0d { [0.0, 0.2, 0.4, 1.0 / 255.0] } else { [0.0, 51.0, 102.0, 1.0] };
            assert_eq!(data.inputs(), whole, "{code:#x}");
            for end in 0..of_labels.len() {
                assert!(parse(&of_images, &of_labels[..end]).is_err() && parse(&of_images[..end], &of_labels).is_err());
            }
            std::fs::write(&images, &of_images).unwrap();
            std::fs::write(&labels, &of_labels).unwrap();
            let mut rows = RowStream::idx(&images, &labels, &GUESS).unwrap();
            assert!(rows.read_all().unwrap() == read_idx_pair(&images, &labels, &GUESS).unwrap());
        }
    }
    // Integers are labels; floats are what they look like.
    let images = idx(0x0801, &[4], &[0, 1, 2, 3]);
    let classes = |code: u32| {
        parse(&images, &idx(code << 8 | 1, &[4], &encoded(code, &[-5, 100, 7, 9]))).unwrap().targets().classes()
    };
    assert_eq!((classes(0x09), classes(0x0c), classes(0x0d)), (Some(4), Some(4), None));
    let message = parse(&images, &idx(0x0d01, &[4], &f32::NAN.to_be_bytes().repeat(4))).unwrap_err().to_string();
    assert!(message.contains("row 0: target is NaN"), "{message}");
    let large =
        parse(&images, &idx(0x0c01, &[4], &[1 << 24, (1 << 24) + 1, 0, 0].map(i32::to_be_bytes).concat())).unwrap();
    assert_eq!(large.targets(), &Targets::Labels { labels: vec![1, 2, 0, 0], classes: 3 });
}

#[test]
fn every_prefix_is_an_error() {
    let (images, labels) = small_pair();
    for compress in [<[u8]>::to_vec, gzip] {
        let (images, labels) = (compress(&images), compress(&labels));
        for end in 0..images.len() {
            let message = parse(&images[..end], &labels).unwrap_err().to_string();
            assert!(message.starts_with("d/images, byte "), "{message}");
        }
        for end in 0..labels.len() {
            let message = parse(&images, &labels[..end]).unwrap_err().to_string();
            assert!(message.starts_with("d/labels, byte "), "{message}");
        }
    }
}

#[test]
fn hostile_files_are_named_errors() {
    let (images, labels) = small_pair();
    let max = u32::MAX;
    let mut flipped = gzip(&images);
    let crc = flipped.len() - 8;
    flipped[crc] ^= 1;
    let cases: [(Vec<u8>, Vec<u8>, &str); 16] = [
        (
            idx(0x0001_0803, &[2, 1, 3], &[0; 6]),
            labels.clone(),
            "images, byte 0: no IDX file: it starts with two zeros",
        ),
        (idx(0x0800, &[], &[0; 6]), labels.clone(), "images, byte 0: no IDX file"),
        (idx(0x08ff, &[2, 1, 3], &[0; 6]), labels.clone(), "images, byte 0: no IDX file"),
        (idx(0x0a03, &[2, 1, 3], &[0; 6]), labels.clone(), "images, byte 2: 0x0a is no type of IDX"),
        (
            images.clone(),
            idx(0x0802, &[2, 8], &[0; 16]),
            "labels, byte 4: labels of shape 2 × 8; one per image is needed",
        ),
        (images.clone(), idx(2049, &[3], &[0; 3]), "labels, byte 4: 3 labels for the 2 images of d/images"),
        (images.clone(), idx(2049, &[2], &[0; 3]), "labels, byte 10: more data than the header promises"),
        ([&images[..], &[9]].concat(), labels.clone(), "images, byte 22: more data"),
        ([gzip(&images), b"junk".to_vec()].concat(), labels.clone(), "damaged or cut gzip stream"),
        (flipped, labels.clone(), "byte 22: damaged or cut gzip stream"),
        (idx(2051, &[0, 28, 28], &[]), idx(2049, &[0], &[]), "byte 4: there are no images in it"),
        (idx(2051, &[2, 0, 3], &[]), labels.clone(), "2 images of 0 × 3 pixels"),
        (idx(2051, &[max; 3], &[]), idx(2049, &[max], &[]), "4294967295 images of 4294967295 × 4294967295 pixels"),
        // Promised within the limit, but missing.
        (idx(2051, &[2, 1 << 15, 1 << 15], &[1]), labels.clone(), "byte 17: the data ends 2147483647 bytes early"),
        (images.clone(), idx(2049, &[2], &[0]), "labels, byte 9: the data ends 1 bytes early"),
        (images.clone(), idx(2049, &[2], &[3, 3]), "labels: every target is 3: one class only"),
    ];
    for (images, labels, expected) in cases {
        let message = parse(&images, &labels).unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
    }
}

/// Fails the test when the parser asks for more than a few buffers of the compressed stream.
struct Counted<'a>(&'a [u8], usize);

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.0.read(buffer)?;
        self.1 += n;
        assert!(self.1 <= 20_000, "the parser keeps reading a gzip bomb");
        Ok(n)
    }
}

#[test]
fn a_gzip_bomb_stops_at_the_promised_size() {
    let (images, labels) = small_pair();
    let bomb = gzip(&[&images[..], &vec![0; 64 << 20]].concat());
    assert!(bomb.len() > 60_000);
    let read = |images, labels| parse_pair((Path::new("images"), images), (Path::new("labels"), labels), &GUESS);
    let message = read(Counted(&bomb, 0), Counted(&labels, 0)).unwrap_err().to_string();
    assert!(message.contains("images, byte 22: more data than the header promises"), "{message}");
    let bomb = gzip(&[&labels[..], &vec![0; 64 << 20]].concat());
    let message = read(Counted(&images, 0), Counted(&bomb, 0)).unwrap_err().to_string();
    assert!(message.contains("labels, byte 10: more data than the header promises"), "{message}");
}

#[test]
fn random_bytes_never_panic() {
    let (images, labels) = small_pair();
    let mut state = 1;
    for _ in 0..2000 {
        // Random all through; a random part of a good file; the same compressed and damaged.
        let length = usize::from(noise(&mut state)) / 4;
        let random: Vec<u8> = (0..length).map(|_| noise(&mut state)).collect();
        let _ = parse(&random, &labels);
        let _ = parse(&images, &random);
        let mut damaged = if length % 2 == 0 { images.clone() } else { gzip(&images) };
        let at = usize::from(noise(&mut state)) % damaged.len();
        damaged[at] = noise(&mut state);
        let _ = parse(&damaged, &labels);
    }
}

#[test]
fn a_folder_is_train_and_t10k_or_t10k_split() {
    let dir = std::env::temp_dir().join(format!("simdescent-idx-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let write = |name: &str, bytes: Vec<u8>| std::fs::write(dir.join(name), bytes).unwrap();
    let message = read_mnist_dir(&dir, &GUESS).unwrap_err().to_string();
    assert!(message.contains("missing: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-"), "{message}");

    write("t10k-images-idx3-ubyte", idx(2051, &[6, 1, 1], &[0; 6]));
    write("t10k-labels-idx1-ubyte.gz", gzip(&idx(2049, &[6], &[0, 1, 2, 3, 4, 5])));
    let (training, validation) = read_mnist_dir(&dir, &GUESS).unwrap();
    assert_eq!((training.rows(), validation.rows()), (5, 1));
    assert_eq!(training.name(), "t10k-images-idx3-ubyte[0..5]");
    let (rows, validation) = RowStream::mnist_dir(&dir, &GUESS).unwrap();
    assert_eq!((rows.rows(), validation.targets()), (5, &Targets::Labels { labels: vec![4], classes: 6 }));

    write("train-images-idx3-ubyte.gz", gzip(&idx(2051, &[3, 1, 1], &[0; 3])));
    let message = read_mnist_dir(&dir, &GUESS).unwrap_err().to_string();
    assert!(message.contains("missing: train-labels-idx1-ubyte"), "{message}");

    write("train-labels-idx1-ubyte", idx(2049, &[3], &[0, 1, 2]));
    let (training, validation) = read_mnist_dir(&dir, &GUESS).unwrap();
    assert_eq!((training.rows(), validation.rows()), (3, 6));
    assert_eq!(training.targets(), &Targets::Labels { labels: vec![0, 1, 2], classes: 6 });
    let (mut rows, held_out) = RowStream::mnist_dir(&dir, &GUESS).unwrap();
    assert_eq!((rows.read_all().unwrap(), held_out), (training, validation));

    // A class that only one of them has is a class of both.
    write("train-labels-idx1-ubyte", idx(2049, &[3], &[9, 1, 2]));
    let (training, validation) = read_mnist_dir(&dir, &GUESS).unwrap();
    assert_eq!(training.targets(), &Targets::Labels { labels: vec![6, 1, 2], classes: 7 });
    assert_eq!((validation.targets().classes(), validation.class_names().unwrap()[6].as_str()), (Some(7), "9"));

    write("train-images-idx3-ubyte.gz", idx(2051, &[3, 1, 2], &[0; 6]));
    let message = read_mnist_dir(&dir, &GUESS).unwrap_err().to_string();
    assert!(message.contains("1 pixels per image, but train-images-idx3-ubyte.gz has 2"), "{message}");
    let message = RowStream::mnist_dir(&dir, &GUESS).unwrap_err().to_string();
    assert!(message.contains("1 pixels, but train-images-idx3-ubyte.gz has 2"), "{message}");
    std::fs::remove_dir_all(&dir).unwrap();
}
