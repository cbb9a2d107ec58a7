package io.penstock.picker.schedule.plugins;

import io.penstock.picker.request.InferenceRequest;

/** Says whether a request's images, audio and video are encoded on endpoints of their own. */
public enum EncodeDecider {
  /** Every request is sent through the stage. */
  ALWAYS,
  /** Those that have some. */
  MULTIMODAL;

  /** The answer for one request. */
  boolean encodes(InferenceRequest request) {
    return this == ALWAYS || request.mediaTokens() > 0;
  }
}
