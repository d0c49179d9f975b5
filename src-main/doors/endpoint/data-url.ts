import { ApiError } from './api-error.ts';

const EXAMPLE = 'data:image/png;base64,…';

/** The bytes of a picture in a data URL. Nothing is fetched: whoever may ask the model must not make this machine visit addresses. */
export function pictureBytes(url: string): Buffer {
  const comma = url.indexOf(',');
  const head = comma < 0 ? '' : url.slice(0, comma);
  if (!/^data:/i.test(head)) {
    throw refused(`pictures are not fetched from addresses; send the picture itself, as ${EXAMPLE}`);
  }
  if (!/;base64$/i.test(head)) throw refused(`the picture’s data URL is not in base64: ${EXAMPLE}`);
  const bytes = Buffer.from(url.slice(comma + 1), 'base64');
  if (bytes.length === 0) throw refused('the picture is empty');
  return bytes;
}

function refused(message: string): ApiError {
  return new ApiError(400, message, { code: 'invalid_image_url', param: 'messages' });
}
