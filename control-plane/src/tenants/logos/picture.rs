//! Decodes a picture from outside and draws it anew: what comes out is a picture and nothing else, small enough for a page.
//!
//! Decoding is bounded before it begins: a file of some kilobytes can claim to be gigabytes of picture.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

/// Longest side that is looked at, in pixels.
const SIDE_MAX: u32 = 8_192;
/// Most bytes of a decoded picture: 16 million pixels of four bytes.
const DECODED_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most bytes that a decoder may take besides.
const WORKING_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Longest side of the logo, in pixels; a larger picture is made smaller.
const LOGO_SIDE: u32 = 512;
/// Quality of a JPEG, in percent.
const QUALITY: u8 = 85;

/// A kind of picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
}

impl Kind {
    /// The kind that a file name tells by its extension, in either case.
    #[must_use]
    pub fn of_file(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" => Some(Self::Jpeg),
            "png" => Some(Self::Png),
            "webp" => Some(Self::WebP),
            _ => None,
        }
    }

    /// Extension of our files.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::WebP => "webp",
        }
    }

    /// Media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
        }
    }

    const fn format(self) -> ImageFormat {
        match self {
            Self::Jpeg => ImageFormat::Jpeg,
            Self::Png => ImageFormat::Png,
            Self::WebP => ImageFormat::WebP,
        }
    }
}

/// The picture drawn anew, upright, without anything that was beside it; none when it is no picture of this kind or too large
/// to be looked at. Takes a while: not for async threads.
pub(super) fn redrawn(bytes: &[u8], kind: Kind) -> Option<Vec<u8>> {
    let picture = decoded(bytes, kind)?;
    let larger = picture.width().max(picture.height()) > LOGO_SIDE;
    let picture = if larger { picture.resize(LOGO_SIDE, LOGO_SIDE, FilterType::CatmullRom) } else { picture };
    encoded(&picture, kind)
}

fn decoded(bytes: &[u8], kind: Kind) -> Option<DynamicImage> {
    // The content decides whether it is what its name says.
    if image::guess_format(bytes).ok()? != kind.format() {
        return None;
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(WORKING_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind.format());
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    if width > SIDE_MAX || height > SIDE_MAX || decoder.total_bytes() > DECODED_BYTES_MAX {
        return None;
    }
    let orientation = decoder.orientation().ok()?;
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    picture.apply_orientation(orientation);
    Some(picture)
}

fn encoded(picture: &DynamicImage, kind: Kind) -> Option<Vec<u8>> {
    let see_through = picture.color().has_alpha() && kind != Kind::Jpeg;
    let plain = if see_through {
        DynamicImage::ImageRgba8(picture.to_rgba8())
    } else {
        DynamicImage::ImageRgb8(picture.to_rgb8())
    };
    let mut bytes = Vec::new();
    let written = match kind {
        Kind::Jpeg => plain.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY)),
        Kind::Png => plain.write_with_encoder(PngEncoder::new(&mut bytes)),
        Kind::WebP => plain.write_with_encoder(WebPEncoder::new_lossless(&mut bytes)),
    };
    written.ok().map(|()| bytes)
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::{DynamicImage, ImageEncoder, Rgb, RgbImage, Rgba, RgbaImage};

    use super::{Kind, LOGO_SIDE, encoded, redrawn};

    const KINDS: [Kind; 3] = [Kind::Jpeg, Kind::Png, Kind::WebP];

    fn picture(width: u32, height: u32) -> DynamicImage {
        DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, Rgb([200, 30, 40])))
    }

    fn drawn(width: u32, height: u32, kind: Kind) -> Vec<u8> {
        encoded(&picture(width, height), kind).expect("encoded")
    }

    fn size(bytes: &[u8]) -> (u32, u32) {
        let picture = image::load_from_memory(bytes).expect("a picture");
        (picture.width(), picture.height())
    }

    #[test]
    fn each_kind_comes_out_as_it_came_in() {
        for kind in KINDS {
            let bytes = redrawn(&drawn(30, 20, kind), kind).expect("drawn");
            assert_eq!(image::guess_format(&bytes).expect("known"), kind.format());
            assert_eq!(size(&bytes), (30, 20));
        }
    }

    #[test]
    fn a_large_picture_is_made_smaller_and_keeps_its_shape() {
        let bytes = redrawn(&drawn(1_200, 600, Kind::Png), Kind::Png).expect("drawn");
        assert_eq!(size(&bytes), (LOGO_SIDE, LOGO_SIDE / 2));
    }

    #[test]
    fn what_is_see_through_stays_so() {
        let glass = DynamicImage::ImageRgba8(RgbaImage::from_pixel(4, 4, Rgba([1, 2, 3, 0])));
        for kind in [Kind::Png, Kind::WebP] {
            let bytes = redrawn(&encoded(&glass, kind).expect("encoded"), kind).expect("drawn");
            let again = image::load_from_memory(&bytes).expect("a picture").to_rgba8();
            assert_eq!(again.get_pixel(1, 1).0, [1, 2, 3, 0]);
        }
    }

    #[test]
    fn nothing_but_the_picture_survives() {
        let mut bytes = drawn(8, 8, Kind::Png);
        bytes.extend_from_slice(b"<script>alert(1)</script>");
        let again = redrawn(&bytes, Kind::Png).expect("drawn");
        assert!(!again.windows(8).any(|window| window == b"<script>"));
        // A remark of a camera: where it was taken, and that it stands on its side.
        let mut turned = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut turned, 90);
        let exif = b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00";
        encoder.set_exif_metadata(exif.to_vec()).expect("a remark");
        picture(30, 20).write_with_encoder(encoder).expect("encoded");
        let again = redrawn(&turned, Kind::Jpeg).expect("drawn");
        assert_eq!(size(&again), (20, 30), "it is turned upright");
        assert!(!again.windows(4).any(|window| window == b"Exif"));
    }

    #[test]
    fn what_is_no_picture_of_its_kind_is_refused() {
        let png = drawn(8, 8, Kind::Png);
        assert_eq!(redrawn(&png, Kind::Jpeg), None, "another kind than its name says");
        assert_eq!(redrawn(&png[..png.len() / 2], Kind::Png), None, "cut off");
        for junk in [&b""[..], b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n"]
        {
            for kind in KINDS {
                assert_eq!(redrawn(junk, kind), None);
            }
        }
    }

    /// A PNG whose head claims so many pixels, with hardly any data.
    fn bomb(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = drawn(1, 1, Kind::Png);
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let sum = checksum(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    /// CRC-32 as PNG has it.
    fn checksum(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |sum, byte| {
            (0..8)
                .fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
        })
    }

    #[test]
    fn a_small_file_that_claims_to_be_a_huge_picture_is_refused_at_once() {
        let began = crate::seams::instant();
        for (width, height) in [(60_000, 60_000), (8_192, 8_192), (1, 9_000), (u32::MAX / 2, 1)] {
            assert_eq!(redrawn(&bomb(width, height), Kind::Png), None, "{width}x{height}");
        }
        assert!(began.elapsed().as_millis() < 1_000);
        assert_eq!(checksum(b"IEND"), 0xae42_6082, "the checksum is the right one");
    }

    #[test]
    fn names_tell_the_kind() {
        assert_eq!(Kind::of_file("Logo.JPEG"), Some(Kind::Jpeg));
        assert_eq!(Kind::of_file("a.b.webp"), Some(Kind::WebP));
        for other in ["logo", "logo.gif", "logo.png.exe", ".svg", ""] {
            assert_eq!(Kind::of_file(other), None, "{other}");
        }
    }
}
