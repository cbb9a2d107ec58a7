package io.penstock.picker.request;

import io.penstock.picker.request.ScanResult.Kind;
import io.penstock.picker.request.ScanResult.Malformed;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the members of a body mean: listens to the tokenizer, checks types and duplicates, and has
 * {@link BodyFacts} keep what they say.
 *
 * <p>Confined to one event loop; {@link #reset} makes it ready for another body.
 */
final class BodyMembers implements JsonListener {

  private static final byte[] INCLUDE_USAGE = "include_usage".getBytes(StandardCharsets.UTF_8);
  private static final byte[] BUDGET = "budget_tokens".getBytes(StandardCharsets.UTF_8);

  private final int maxNameBytes;
  private final Map<ApiKind, MemberTable> tables;
  private final JsonTokenizer tokenizer;
  private final HashedRegion region;
  private final PromptRoot root = new PromptRoot();
  private final BlockChain head = new BlockChain();
  private final BlockChain body = new BlockChain();
  private final PromptReader prompt;
  private final StrippedSpans stripped = new StrippedSpans();
  private final StrippedSpans answer = new StrippedSpans();
  private final SamplingParams sampling = new SamplingParams();
  private final BodyFacts facts = new BodyFacts();

  private ApiKind api = ApiKind.OPAQUE;
  private MemberTable table;

  /** Bit per member of the table that was there. */
  private long seen;

  /** Member whose value is being read, if it means something. */
  private @Nullable Member member;

  private int memberStart;
  private int valueStart;
  private boolean usageAhead;
  private boolean usageSeen;

  /** Whether the thinking that is read has a budget. */
  private boolean budgeted;

  /** The transfer parameter whose value comes next, if it is one. */
  private @Nullable String transfer;

  BodyMembers(ScanLimits limits, Map<ApiKind, MemberTable> tables, HashedRegion region) {
    maxNameBytes = limits.maxNameBytes();
    this.tables = tables;
    table = Objects.requireNonNull(tables.get(api));
    this.region = region;
    prompt = new PromptReader(region, body);
    tokenizer = new JsonTokenizer(limits, this);
  }

  JsonTokenizer tokenizer() {
    return tokenizer;
  }

  void reset(ApiKind api) {
    this.api = api;
    table = Objects.requireNonNull(tables.get(api));
    root.reset();
    head.reset();
    body.reset();
    prompt.reset();
    stripped.reset();
    answer.reset();
    sampling.reset();
    facts.reset();
    seen = 0;
    member = null;
    usageAhead = false;
    usageSeen = false;
  }

  /** The body is a whole JSON object of {@code bodyBytes}: what it says. */
  ScanResult finish(int bodyBytes, SentModel sentModel) {
    String asked = facts.model;
    if (asked == null && mayNameNone(api)) {
      return scanned("", "", bodyBytes);
    }
    if (asked == null) {
      return new Malformed(
          Kind.MISSING_FIELD, "model", bodyBytes, "model is missing, null or empty");
    }
    String sent = sentModel.of(asked, facts.previousResponseId);
    root.put(facts.modelIndex, sent.getBytes(StandardCharsets.UTF_8));
    return scanned(asked, sent, bodyBytes);
  }

  /** What is to be blanked by now. */
  List<ByteSpan> stripSpans() {
    return stripped.finish();
  }

  /** Whether engines take a body without a model for one that means theirs. */
  private static boolean mayNameNone(ApiKind api) {
    return api == ApiKind.SGLANG || api == ApiKind.GENERATE;
  }

  private ScanResult scanned(String asked, String sent, int bodyBytes) {
    return new ScanResult.Scanned(
        facts
            .request(api, asked, sent, sampling, tokenizer.ended())
            .promptBytes(facts.rootBytes + head.length() + body.length() - prompt.mediaBytes())
            .promptTokenIds(prompt.tokenIds())
            .mediaTokens(prompt.mediaTokens())
            .keys(keys())
            .stripSpans(stripped.finish())
            .answerSpans(answer.finish())
            .bodyBytes(bodyBytes)
            .build());
  }

  private PromptKeys keys() {
    long headRoot = root.hash(api);
    long bodyRoot = head.length() == 0 ? headRoot : BlockChain.mix(headRoot, head.digest());
    int headBlocks = head.count();
    long[] keys = new long[KeyGrid.keys(headBlocks + body.count())];
    for (int i = 0; i < keys.length; i++) {
      int block = KeyGrid.blocks(i + 1) - 1;
      keys[i] =
          block < headBlocks
              ? BlockChain.mix(headRoot, head.hash(block))
              : BlockChain.mix(bodyRoot, body.hash(block - headBlocks));
    }
    return PromptKeys.owning(keys);
  }

  @Override
  public boolean wantsName() {
    int depth = tokenizer.depth();
    if (depth == 1) {
      return true;
    }
    if (member == null) {
      return false;
    }
    return switch (member.meaning()) {
      case STREAM_OPTIONS, XARGS, THINKING -> depth == 2;
      case SAMPLING, SAMPLING_EACH -> sampling.wantsName(depth);
      default -> member.meaning().isPrompt() && prompt.wantsName(depth);
    };
  }

  @Override
  public void name(byte[] bytes, int from, int to, int at) {
    if (tokenizer.depth() == 1) {
      memberName(bytes, from, to, at);
    } else if (member != null && member.meaning() == Meaning.STREAM_OPTIONS) {
      usageAhead = Arrays.equals(INCLUDE_USAGE, 0, INCLUDE_USAGE.length, bytes, from, to);
      if (usageAhead && usageSeen) {
        twice("stream_options.include_usage", at);
      }
      usageSeen |= usageAhead;
    } else if (member != null && member.meaning() == Meaning.XARGS) {
      transfer = SamplingParams.transfer(bytes, from, to);
    } else if (member != null && member.meaning() == Meaning.THINKING) {
      budgeted |= Arrays.equals(BUDGET, 0, BUDGET.length, bytes, from, to);
    } else if (member != null && member.meaning().isSampling()) {
      sampling.name(bytes, from, to, tokenizer.depth());
    } else {
      prompt.name(bytes, from, to);
    }
  }

  private void memberName(byte[] bytes, int from, int to, int at) {
    memberStart = at;
    member = table.find(bytes, from, to);
    if (member != null) {
      long bit = 1L << member.index();
      if ((seen & bit) != 0 && !member.meaning().mayRepeat()) {
        twice(member.name(), at);
      }
      seen |= bit;
    }
  }

  @Override
  public boolean wantsIntegers() {
    return member != null && member.meaning().isPrompt() && prompt.wantsIntegers();
  }

  @Override
  public void integer(int value) {
    prompt.tokenId(value);
  }

  @Override
  public void comma(int at) {
    stripped.comma(at);
    answer.comma(at);
  }

  @Override
  public void valueStart(JsonType type, int at) {
    if (member == null) {
      return;
    }
    int depth = tokenizer.depth();
    if (depth == 1) {
      valueStart = at;
      begin(member, type, at);
    } else if (member.meaning().isPrompt()) {
      if (depth == 2
          && member.meaning() == Meaning.TEXT_OR_TOKENS
          && (type == JsonType.STRING || type == JsonType.ARRAY)) {
        facts.prompts++;
      }
      prompt.valueStart(type, depth, at);
    } else if (member.meaning().isSampling()) {
      var refused = sampling.valueStart(type, depth, at);
      if (refused != null) {
        wrongType(member.name() + ".extra_args." + refused, "an object or null", type, at);
      }
    } else if (member.meaning() == Meaning.XARGS) {
      if (depth == 2 && transfer != null && type != JsonType.NULL) {
        wrongType(member.name() + "." + transfer, "null", type, at);
      }
    } else if (member.meaning() == Meaning.TOOLS) {
      facts.hasTools = true;
    } else if (usageAhead && depth == 2 && !Meaning.STREAM.allows(type)) {
      wrongType("stream_options.include_usage", Meaning.STREAM.allowedPhrase(), type, at);
    }
  }

  private void begin(Member member, JsonType type, int at) {
    Meaning meaning = member.meaning();
    if (!meaning.allows(type)) {
      wrongType(member.name(), meaning.allowedPhrase(), type, at);
      return;
    }
    switch (meaning) {
      case MODEL, PREVIOUS_RESPONSE -> {
        if (type == JsonType.STRING) {
          tokenizer.captureString(maxNameBytes);
        }
      }
      case TOOLS, CACHE_SALT, ROOT_TEXT, ROOT -> {
        if (type != JsonType.NULL) {
          region.open(root.begin(), at);
        }
      }
      case HEAD -> {
        prompt.begin(head);
        prompt.valueStart(type, 1, at);
      }
      case MESSAGES, TEXT_OR_TOKENS, INPUT, ANY_PROMPT -> {
        prompt.begin(body);
        prompt.valueStart(type, 1, at);
      }
      case STREAM,
          STREAM_OPTIONS,
          MAX_TOKENS,
          MAX_COMPLETION_TOKENS,
          N,
          PRIORITY,
          ANSWER,
          SAMPLING,
          SAMPLING_EACH,
          STRIPPED -> {}
      case XARGS -> transfer = null;
      case THINKING -> budgeted = false;
      case LOGPROBS -> facts.logprobs |= asked(type);
      case PROMPT_LOGPROBS -> facts.promptLogprobs |= asked(type);
      case ECHO -> facts.echo |= asked(type);
    }
  }

  private static boolean asked(JsonType type) {
    return type != JsonType.NULL && type != JsonType.FALSE;
  }

  @Override
  public void valueEnd(JsonType type, int end) {
    int depth = tokenizer.depth();
    if (depth == 1) {
      boolean kept = member == null || end(member, type, end);
      if (kept) {
        stripped.keptMember();
      }
      if (kept && (member == null || !isAnswer(member.meaning()))) {
        answer.keptMember();
      } else {
        answer.strippedMember(memberStart, end);
      }
      member = null;
    } else if (member != null) {
      if (member.meaning().isPrompt()) {
        prompt.valueEnd(type, depth, end, tokenizer.number());
      } else if (member.meaning().isSampling()) {
        sampling.valueEnd(type, depth, end, tokenizer.number(), stripped);
      } else if (usageAhead && depth == 2) {
        facts.includeUsage = type == JsonType.TRUE;
        usageAhead = false;
      }
    }
  }

  private boolean isAnswer(Meaning meaning) {
    return meaning.isAnswer() || (meaning == Meaning.THINKING && budgeted);
  }

  /** Whether the member stays in the body. */
  private boolean end(Member member, JsonType type, int end) {
    if (type == JsonType.NULL && member.meaning() != Meaning.STRIPPED) {
      return true;
    }
    switch (member.meaning()) {
      case MODEL -> endModel(member, end);
      case PREVIOUS_RESPONSE -> {
        String previous = capturedName(member);
        facts.previousResponseId = previous;
        root.put(member.index(), previous.getBytes(StandardCharsets.UTF_8));
      }
      case STREAM -> facts.stream = type == JsonType.TRUE;
      case MAX_TOKENS -> facts.maxTokens = Math.max(-1, integer(member));
      case MAX_COMPLETION_TOKENS -> facts.maxCompletionTokens = Math.max(-1, integer(member));
      case N -> facts.n = Math.max(1, integer(member));
      case PRIORITY -> facts.priority = integer(member);
      case CACHE_SALT -> {
        facts.cacheSaltPresent = true;
        endRoot(member, end);
      }
      case TOOLS, ROOT_TEXT -> facts.rootBytes += endRoot(member, end);
      case ROOT -> endRoot(member, end);
      case HEAD, MESSAGES, TEXT_OR_TOKENS, INPUT, ANY_PROMPT ->
          prompt.valueEnd(type, 1, end, tokenizer.number());
      case STREAM_OPTIONS, ANSWER, LOGPROBS, PROMPT_LOGPROBS, ECHO, THINKING, XARGS -> {}
      case SAMPLING, SAMPLING_EACH -> sampling.end(valueStart, end);
      case STRIPPED -> {
        stripped.strippedMember(memberStart, end);
        return false;
      }
    }
    return true;
  }

  private void endModel(Member member, int end) {
    String name = capturedName(member);
    if (!name.isEmpty()) {
      facts.model = name;
      facts.modelIndex = member.index();
      facts.modelSpan = new ByteSpan(valueStart, end);
    }
  }

  private int endRoot(Member member, int end) {
    region.close(end);
    return root.end(member.index());
  }

  private String capturedName(Member member) {
    StringCapture captured = tokenizer.captured();
    String text = captured.overflowed() ? "" : captured.text();
    if (captured.overflowed() || text.getBytes(StandardCharsets.UTF_8).length > maxNameBytes) {
      tokenizer.fail(
          Kind.TOO_LONG,
          member.name(),
          valueStart,
          member.name() + " is longer than " + maxNameBytes + " bytes");
    }
    return text;
  }

  /** The number that just ended, or the nearest an int can hold. */
  private int integer(Member member) {
    JsonNumber number = tokenizer.number();
    if (!number.integral()) {
      tokenizer.fail(
          Kind.INVALID_TYPE,
          member.name(),
          valueStart,
          member.name()
              + " must be "
              + member.meaning().allowedPhrase()
              + ", not a number with a fraction or an exponent");
    }
    return Math.clamp(number.value(), Integer.MIN_VALUE, Integer.MAX_VALUE);
  }

  private void wrongType(String field, String allowed, JsonType found, int at) {
    tokenizer.fail(
        Kind.INVALID_TYPE, field, at, field + " must be " + allowed + ", not " + found.phrase());
  }

  private void twice(String field, int at) {
    tokenizer.fail(Kind.DUPLICATE_FIELD, field, at, field + " is there twice");
  }
}
