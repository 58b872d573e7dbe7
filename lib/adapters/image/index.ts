export { createImageDecoder, type ImageDecoderOptions } from './image-decoder';
export { SUPPORTED_FORMATS } from './loaders';
