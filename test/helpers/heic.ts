import sharp from 'sharp';

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
