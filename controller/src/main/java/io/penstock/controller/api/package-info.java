/**
 * LLMInferenceServices and their configs as JSON trees of the hub version, v1alpha2, and what is
 * true of every such object: conversion from and to v1alpha1, defaults, validation.
 *
 * <p>Pure functions; nothing here keeps state or talks to anybody.
 */
@NullMarked
package io.penstock.controller.api;

import org.jspecify.annotations.NullMarked;
