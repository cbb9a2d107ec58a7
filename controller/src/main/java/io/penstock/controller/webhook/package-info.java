/**
 * The HTTPS server that the API server calls: conversion, defaulting, validation; and the
 * certificates it serves with.
 *
 * <p>Requests live on their connection's event loop; a handler is a pure function of the review.
 */
@NullMarked
package io.penstock.controller.webhook;

import org.jspecify.annotations.NullMarked;
