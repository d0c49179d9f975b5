/**
 * Stands behind the first letter of every spelling of a control token, or of the media marker, that is meant as text: such a spelling
 * stays text when a prompt is cut into tokens, and the mark is no part of it. Unicode keeps this character out of texts. The same as
 * PLAIN_MARK in native/prompt_text.h.
 */
export const PLAIN_MARK = '\uFDD0';
