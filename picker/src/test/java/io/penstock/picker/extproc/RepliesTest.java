package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What replies take; what they say is tested with streams. */
class RepliesTest {

  @Test
  void a_body_that_replaces_another_is_not_copied_into_its_reply() {
    byte[] body = new byte[8 << 20];
    var thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = thread.getCurrentThreadAllocatedBytes();
    var request =
        Replies.destination(true, "10.0.0.1:8000", List.of(), null, List.of(), body, true);
    var response = Replies.replacedResponseBody(body, true, Replies.NOTHING);
    long allocated = thread.getCurrentThreadAllocatedBytes() - before;

    assertThat(request).isNotNull();
    assertThat(response).isNotNull();
    assertThat(allocated).isLessThan(body.length);
  }
}
