import type { ErrorData } from '../../../src-main/contract/errors.ts';

type Problem = Pick<ErrorData, 'message' | 'advice'>;

/** JPEG quality of a photograph: above it files grow and nothing more is seen. */
const PHOTO_QUALITY = 0.92;

/** Why there is no camera picture, in plain words. */
function cameraProblem(error: unknown): Problem {
  const name = error instanceof Error ? error.name : '';
  if (name === 'NotAllowedError') {
    return {
      message: 'Snug isn’t allowed to use the camera',
      advice: 'Allow Snug to use the camera in the settings of your system or browser, then try again.',
    };
  }
  if (name === 'NotFoundError' || name === 'OverconstrainedError') {
    return { message: 'no camera was found', advice: 'Connect one, or choose a picture from a file.' };
  }
  if (name === 'NotReadableError') {
    return {
      message: 'the camera is in use by another program',
      advice: 'Close that program, then try again.',
    };
  }
  return { message: 'the camera cannot be used here', advice: 'Choose a picture from a file instead.' };
}

/** The camera, open only while its dialog is: nothing is recorded until the person takes a picture. */
export class Camera {
  stream: MediaStream | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  starting: boolean = $state(false);
  #wanted = false;

  async start(devices: Pick<MediaDevices, 'getUserMedia'> | undefined): Promise<void> {
    this.#wanted = true;
    this.problem = null;
    if (!devices) {
      this.problem = cameraProblem(undefined);
      return;
    }
    this.starting = true;
    try {
      const stream = await devices.getUserMedia({ video: { width: { ideal: 1920 } }, audio: false });
      this.stream = stream;
      // the dialog was closed while the person was asked
      if (!this.#wanted) this.stop();
    } catch (error) {
      this.problem = cameraProblem(error);
    } finally {
      this.starting = false;
    }
  }

  stop(): void {
    this.#wanted = false;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }

  /** What the video shows now as a file; null before its first picture. */
  async takePicture(video: HTMLVideoElement): Promise<File | null> {
    if (video.videoWidth === 0) return null;
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    canvas.getContext('2d')?.drawImage(video, 0, 0);
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: PHOTO_QUALITY });
    return new File([blob], 'camera.jpg', { type: blob.type });
  }
}
