import sharp from 'sharp';

/**
 * Photographs in HEIC, HEVC-coded by `heif-enc` of libheif 1.15 with x265 3.5 from drawings of ours: 64 × 96 pixels, the upper half red
 * (#d02020), below it blue (#2040d0) on the left and green (#20a040) on the right.
 */
const RED_ABOVE_BLUE_AND_GREEN = [
  'AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAUJtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA',
  'AA5waXRtAAAAAAABAAAAImlsb2MAAAAAREAAAQABAAAAAAFmAAEAAAAAAAAAcgAAACNpaW5mAAAAAAABAAAAFWluZmUCAAAAAAEA',
  'AGh2YzEAAAAAwmlwcnAAAACkaXBjbwAAAHhodmNDAQNwAAAAAAAAAAAAHvAA/P34+AAADwMgAAEAGEABDAH//wNwAAADAJAAAAMA',
  'AAMAHroCQCEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoCCBhZbqSSmubgQEDAgAAAMACAAAAwAIQCIAAQAHRAHBcrAiQAAAABRpc3Bl',
  'AAAAAAAAAEAAAABgAAAAEHBpeGkAAAAAAwgICAAAABZpcG1hAAAAAAAAAAEAAQOBAoMAAAB6bWRhdAAAAG4oAa8TgHnBxci///c5',
  'R/+8jnh+LG1BOnzZP/tDWj833H/y4aYivE+bt0tpcRIDXzwqj+iJNaIvygQv+CKF/L9PE6kEjZHnbs3jw/o6e6MReiflpYkK3iSP',
  'FGEEalE0xyeWBG7NkFEOcdQ+yPw7mg==',
];
/** the same with 10 bits a channel */
const DEEP = [
  'AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAUBtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA',
  'AA5waXRtAAAAAAABAAAAImlsb2MAAAAAREAAAQABAAAAAAFkAAEAAAAAAAAAOgAAACNpaW5mAAAAAAABAAAAFWluZmUCAAAAAAEA',
  'AGh2YzEAAAAAwGlwcnAAAACiaXBjbwAAAHZodmNDAQQIAAAAAAAAAAAAHvAA/P36+gAADwMgAAEAF0ABDAH//wQIAAADAJ24AAAD',
  'AAAeugJAIQABACpCAQEECAAAAwCduAAAAwAAHqAggYTZbqSSmubgQEDAgAAAAwCAAAADAIQiAAEAB0QBwXKwIkAAAAAUaXNwZQAA',
  'AAAAAABAAAAAYAAAABBwaXhpAAAAAAMKCgoAAAAWaXBtYQAAAAAAAAABAAEDgQKDAAAAQm1kYXQAAAA2KAGvE4DlM+G///Qso//s',
  'Vs8P13sqCdPmyf/ooNH8H1P/w1X4hjfhayT+BM+Dln/myQ9FjNew',
];
/** the same drawing converted to Display P3, with the profile */
const IN_DISPLAY_P3 = [
  'AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAy9tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA',
  'AA5waXRtAAAAAAABAAAAImlsb2MAAAAAREAAAQABAAAAAANTAAEAAAAAAAAAjgAAACNpaW5mAAAAAAABAAAAFWluZmUCAAAAAAEA',
  'AGh2YzEAAAACr2lwcnAAAAKQaXBjbwAAAHhodmNDAQNwAAAAAAAAAAAAHvAA/P34+AAADwMgAAEAGEABDAH//wNwAAADAJAAAAMA',
  'AAMAHroCQCEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoCCBhZbqSSmubgQEDAgAAAMACAAAAwAIQCIAAQAHRAHBcrAiQAAAABRpc3Bl',
  'AAAAAAAAAEAAAABgAAAB7GNvbHJwcm9mAAAB4GxjbXMEIAAAbW50clJHQiBYWVogB+IAAwAUAAkADgAdYWNzcE1TRlQAAAAAc2F3',
  'c2N0cmwAAAAAAAAAAAAAAAAAAPbWAAEAAAAA0y1oYW5kguKocouKP/clPrmS7iTWrgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'AAAAAAAKZGVzYwAAAPwAAAAkY3BydAAAASAAAAAid3RwdAAAAUQAAAAUY2hhZAAAAVgAAAAsclhZWgAAAYQAAAAUZ1hZWgAAAZgA',
  'AAAUYlhZWgAAAawAAAAUclRSQwAAAcAAAAAgZ1RSQwAAAcAAAAAgYlRSQwAAAcAAAAAgbWx1YwAAAAAAAAABAAAADGVuVVMAAAAI',
  'AAAAHABzAFAAMwBDbWx1YwAAAAAAAAABAAAADGVuVVMAAAAGAAAAHABDAEMAMAAAWFlaIAAAAAAAAPbWAAEAAAAA0y1zZjMyAAAA',
  'AAABDEIAAAXe///zJQAAB5MAAP2Q///7of///k4AAAOaAADAFFhZWiAAAAAAAACD3wAAPb8AAAAAWFlaIAAAAAAAAEq/AACxNwAA',
  'CrVYWVogAAAAAAAAKDgAABEKAADIeHBhcmEAAAAAAAMAAAACZmkAAPKnAAANWQAAE9AAAApbAAAAEHBpeGkAAAAAAwgICAAAABdp',
  'cG1hAAAAAAAAAAEAAQSBAoOEAAAAlm1kYXQAAACKKAGvE4B41YXIv//0XUf/uR54fXqnQTp82T/86do/L0R/8PAOkMsP0MsQQaE1',
  'iP5URmZmgXMKDLrAAYD/lIlcDa0zq/3I7pe34/jcYAAQyMgTYCEQDTLWbTEVgXpggqjSw1AWDYk8BSbxhQLKVcMWVlbXqAYyghvd',
  'NPmgTpSJgDvqz3XmZxeHjOpF',
];
/** two pictures in one file, the second in Display P3 */
const TWO = [
  'AAAAKGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZm1pZjFoZWljbWlhZgAAA/htZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAA',
  'AAAAAAAAAAAAAAAAAA5waXRtAAAAAAABAAAANGlsb2MAAAAAREAAAgABAAAAAAQoAAEAAAAAAAAAcgACAAAAAASaAAEAAAAAAAAA',
  'jgAAADhpaW5mAAAAAAACAAAAFWluZmUCAAAAAAEAAGh2YzEAAAAAFWluZmUCAAAAAAIAAGh2YzEAAAADUWlwcnAAAAMsaXBjbwAA',
  'AHhodmNDAQNwAAAAAAAAAAAAHvAA/P34+AAADwMgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQCEAAQArQgEBA3AAAAMAkAAA',
  'AwAAAwAeoCCBhZbqSSmubgQEDAgAAAMACAAAAwAIQCIAAQAHRAHBcrAiQAAAABRpc3BlAAAAAAAAAEAAAABgAAAAEHBpeGkAAAAA',
  'AwgICAAAAHhodmNDAQNwAAAAAAAAAAAAHvAA/P34+AAADwMgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQCEAAQArQgEBA3AA',
  'AAMAkAAAAwAAAwAeoCCBhZbqSSmubgQEDAgAAAMACAAAAwAIQCIAAQAHRAHBcrAiQAAAABRpc3BlAAAAAAAAAEAAAABgAAAB7GNv',
  'bHJwcm9mAAAB4GxjbXMEIAAAbW50clJHQiBYWVogB+IAAwAUAAkADgAdYWNzcE1TRlQAAAAAc2F3c2N0cmwAAAAAAAAAAAAAAAAA',
  'APbWAAEAAAAA0y1oYW5kguKocouKP/clPrmS7iTWrgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAKZGVzYwAAAPwAAAAk',
  'Y3BydAAAASAAAAAid3RwdAAAAUQAAAAUY2hhZAAAAVgAAAAsclhZWgAAAYQAAAAUZ1hZWgAAAZgAAAAUYlhZWgAAAawAAAAUclRS',
  'QwAAAcAAAAAgZ1RSQwAAAcAAAAAgYlRSQwAAAcAAAAAgbWx1YwAAAAAAAAABAAAADGVuVVMAAAAIAAAAHABzAFAAMwBDbWx1YwAA',
  'AAAAAAABAAAADGVuVVMAAAAGAAAAHABDAEMAMAAAWFlaIAAAAAAAAPbWAAEAAAAA0y1zZjMyAAAAAAABDEIAAAXe///zJQAAB5MA',
  'AP2Q///7of///k4AAAOaAADAFFhZWiAAAAAAAACD3wAAPb8AAAAAWFlaIAAAAAAAAEq/AACxNwAACrVYWVogAAAAAAAAKDgAABEK',
  'AADIeHBhcmEAAAAAAAMAAAACZmkAAPKnAAANWQAAE9AAAApbAAAAEHBpeGkAAAAAAwgICAAAAB1pcG1hAAAAAAAAAAIAAQOBAoMA',
  'AgSEBYaHAAABCG1kYXQAAABuKAGvE4B5wcXIv//3OUf/vI54fixtQTp82T/7Q1o/N9x/8uGmIrxPm7dLaXESA188Ko/oiTWiL8oE',
  'L/gihfy/TxOpBI2R527N48P6OnujEXon5aWJCt4kjxRhBGpRNMcnlgRuzZBRDnHUPsj8O5oAAACKKAGvE4B41YXIv//0XUf/uR54',
  'fXqnQTp82T/86do/L0R/8PAOkMsP0MsQQaE1iP5URmZmgXMKDLrAAYD/lIlcDa0zq/3I7pe34/jcYAAQyMgTYCEQDTLWbTEVgXpg',
  'gqjSw1AWDYk8BSbxhQLKVcMWVlbXqAYyghvdNPmgTpSJgDvqz3XmZxeHjOpF',
];
/** 64 × 64 pixels: a white disc of 20 pixels' radius, transparent around it */
const WHITE_ON_TRANSPARENT = [
  'AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAkVtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA',
  'AA5waXRtAAAAAAABAAAANGlsb2MAAAAAREAAAgABAAAAAAJpAAEAAAAAAAABGAACAAAAAAOBAAEAAAAAAAAA+wAAADhpaW5mAAAA',
  'AAACAAAAFWluZmUCAAAAAAEAAGh2YzEAAAAAFWluZmUCAAAAAAIAAGh2YzEAAAABhGlwcnAAAAFfaXBjbwAAAHhodmNDAQNwAAAA',
  'AAAAAAAAHvAA/P34+AAADwMgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQCEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq',
  'SSmubgQEDAgAAAMACAAAAwAIQCIAAQAHRAHBcrAiQAAAABRpc3BlAAAAAAAAAEAAAABAAAAAEHBpeGkAAAAAAwgICAAAAHJodmND',
  'AQQIAAAAAAAAAAAAHvAA/Pz4+AAADwMgAAEAF0ABDAH//wQIAAADAJ/4AAADAAAeugJAIQABACZCAQEECAAAAwCf+AAAAwAAHsCC',
  'BBZbqSSmubAgAAADACAAAAMAISIAAQAHRAHBcrAiQAAAABRpc3BlAAAAAAAAAEAAAABAAAAADnBpeGkAAAAAAQgAAAAnYXV4QwAA',
  'AAB1cm46bXBlZzpoZXZjOjIwMTU6YXV4aWQ6MQAAAAAdaXBtYQAAAAAAAAACAAEDgQKDAAIEhAWGhwAAABppcmVmAAAAAAAAAA5h',
  'dXhsAAIAAQABAAACG21kYXQAAAEUKAGvE4CLKCAX/98TemhiU0JfE4979iWAOt7upu+Lsmsp+NgfmG/lpugtiQwVMvhXUr92V1VT',
  '+Cbza+ncOnNEvmG/lp+y4dBW246SmOPMK6qxPain73jAVeqT0h2heSa1l3vT2VX4HHz/CDtppdYzTOnxs6VxQ2W++4jTTNT/tTO8',
  'yD3iKYMlGZgJJksgZRdjq/HlnGuDmoxIGfLM1COsgmzwSK540LQ9z01Mbn+LQBUY/WvzTRQwbwlkNAbyHemKVkj4N1HEmXvQuZ5v',
  'MNa4S4KhyGEd5Qm7x7P+lnM4bz2s1wwoWgFftbdFfCwjezcVgIytzwlTBKgFP9anpH1L8AxwNc+qWGpnCPeAdsOV06SwH1jAAAAA',
  '9ygBrieLZQH/++KJknolRsbfh6Y/2WkxOMDm4i690G/LgLdBXJdalgxDTvNCavS/Ld3kIeMkSnoruPlh7QU3+gV5hYfagKtzKdId',
  'JnuIjn7XqKGlY1mFMoZONtCwCP5pXApBdwtozLUHEabBYtMZEFxbWk1NfYoRxs2c2aDZLlur6ErsdsrCm8IYnTJX4CHNfpXw5Q8K',
  'p7H8Fn9nyr7RjIbM83xN7E6vpc6rIfU95PgxPfJ4trbjHASJHm27zk8QWHWao7vHRftQyQ4Yh4xSV5QTk27/VGcy9KUldG4QMr+B',
  'NUxEtccRa5//NlFS9UNJTu0fTITP9DI=',
];

const decoded = (lines: readonly string[]): Buffer<ArrayBuffer> => Buffer.from(lines.join(''), 'base64');

export const heic = {
  upright: (): Buffer<ArrayBuffer> => decoded(RED_ABOVE_BLUE_AND_GREEN),
  deep: (): Buffer<ArrayBuffer> => decoded(DEEP),
  inDisplayP3: (): Buffer<ArrayBuffer> => decoded(IN_DISPLAY_P3),
  two: (): Buffer<ArrayBuffer> => decoded(TWO),
  whiteOnTransparent: (): Buffer<ArrayBuffer> => decoded(WHITE_ON_TRANSPARENT),
  turned,
  ofSize,
} as const;

/** The upright one with a box that turns it anticlockwise by so many quarters, as phones write it (ISO/IEC 23008-12, 6.5.10). */
function turned(quarters: number): Buffer<ArrayBuffer> {
  const file = decoded(RED_ABOVE_BLUE_AND_GREEN);
  const properties = boxAt(file, 'ipco');
  const associations = boxAt(file, 'ipma');
  const irot = Buffer.from([0, 0, 0, 9, ...Buffer.from('irot'), quarters]);
  const grown = irot.length + 1;
  // one more box in `ipco`, one more number (it is the fourth) at the end of `ipma`, and the pictures lie so much further
  for (const [box, bytes] of [
    ['meta', grown],
    ['iprp', grown],
    ['ipco', irot.length],
    ['ipma', 1],
  ] as const) {
    const at = boxAt(file, box).start;
    file.writeUInt32BE(file.readUInt32BE(at) + bytes, at);
  }
  const count = associations.start + 18;
  file.writeUInt8(file.readUInt8(count) + 1, count);
  const extent = boxAt(file, 'iloc').end - 8;
  file.writeUInt32BE(file.readUInt32BE(extent) + grown, extent);
  return Buffer.concat([
    file.subarray(0, properties.end),
    irot,
    file.subarray(properties.end, associations.end),
    Buffer.from([0x84]),
    file.subarray(associations.end),
  ]);
}

/** The upright one, whose header says another size. */
function ofSize(width: number, height: number): Buffer<ArrayBuffer> {
  const file = decoded(RED_ABOVE_BLUE_AND_GREEN);
  const { end } = boxAt(file, 'ispe');
  file.writeUInt32BE(width, end - 8);
  file.writeUInt32BE(height, end - 4);
  return file;
}

function boxAt(file: Buffer, name: string): { start: number; end: number } {
  const start = file.indexOf(name, 0, 'latin1') - 4;
  return { start, end: start + file.readUInt32BE(start) };
}

/**
 * The header of a photograph as iPhones take it: an AVIF file of sharp's relabelled as HEVC, for sharp cannot write HEIC. Its
 * picture data is not HEVC; a program without an HEVC decoder never looks that far.
 */
export async function heicHeader(width: number, height: number): Promise<Buffer> {
  const avif = await sharp({ create: { width, height, channels: 3, background: 'red' } })
    .avif()
    .toBuffer();
  const start = avif.indexOf('av1C') - 4;
  const end = start + avif.readUInt32BE(start);
  const configuration = Buffer.alloc(31);
  configuration.writeUInt32BE(configuration.length);
  configuration.write('hvcC', 4);
  // HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1): version 1, Main profile, 4:2:0, no parameter sets
  configuration.set([1, 1, 0x60], 8);
  configuration.set([93, 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8], 20);
  configuration[29] = 0x0f;
  const grown = configuration.length - (end - start);
  for (const box of ['meta', 'iprp', 'ipco']) {
    const at = avif.indexOf(box) - 4;
    avif.writeUInt32BE(avif.readUInt32BE(at) + grown, at);
  }
  const heic = Buffer.concat([avif.subarray(0, start), configuration, avif.subarray(end)]);
  for (const [old, label] of [
    ['avif', 'heic'],
    ['MA1B', 'heic'],
    ['av01', 'hvc1'],
  ] as const) {
    for (let at = heic.indexOf(old); at >= 0; at = heic.indexOf(old)) heic.write(label, at, 'latin1');
  }
  return heic;
}
