package io.penstock.simulator.http;

import io.penstock.simulator.json.Json;
import io.penstock.simulator.json.JsonReader;
import io.penstock.simulator.json.JsonSyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Reads the JSON object of a request's body, with the errors FastAPI makes of what is none. */
final class RequestBody {

  private RequestBody() {}

  static Json.Obj of(ReceivedRequest request) throws BadRequest {
    String type = request.header("content-type").orElse("application/json");
    if (!type.toLowerCase(Locale.ROOT).split(";", 2)[0].strip().equals("application/json")) {
      throw new BadRequest(
          ErrorBody.invalid("Unsupported Media Type: Only 'application/json' is allowed", null));
    }
    if (request.body().length == 0) {
      throw new BadRequest(
          ErrorBody.invalid("{'type': 'missing', 'loc': 'body', 'msg': 'Field required'}", "body"));
    }
    try {
      String text =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(request.body())).toString();
      if (JsonReader.parse(text) instanceof Json.Obj object) {
        return object;
      }
      throw new BadRequest(
          ErrorBody.invalid(
              "{'type': 'model_attributes_type', 'loc': 'body', 'msg': 'Input should be a valid"
                  + " dictionary or object to extract fields from'}",
              "body"));
    } catch (JsonSyntaxException e) {
      String at = "body." + e.offset();
      throw new BadRequest(
          ErrorBody.invalid(
              "{'type': 'json_invalid', 'loc': '"
                  + at
                  + "', 'msg': 'JSON decode error', 'input': '<dict of 0 items>', 'ctx': {'error':"
                  + " '"
                  + e.getMessage()
                  + "'}}",
              at));
    } catch (CharacterCodingException e) {
      throw new BadRequest(
          new ErrorBody("There was an error parsing the body", "Bad Request", null, 400));
    }
  }
}
